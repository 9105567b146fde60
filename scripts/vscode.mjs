/** Installs the VS Code that tests and demo drive: `node scripts/vscode.mjs install`. */
import { loadTypeScript } from './load-typescript.mjs';

if (process.argv[2] !== 'install') {
  console.error('Usage: node scripts/vscode.mjs install   (CUTOVER_VSCODE=oldest for the oldest supported one)');
  process.exit(2);
}
const { chosenVscode, installVscode } = await loadTypeScript('test/host/driver/installation.ts');
const installation = await installVscode(chosenVscode(), line => console.log(line));
console.log(`VS Code ${installation.vscodeVersion} is ready: ${installation.entry}`);
