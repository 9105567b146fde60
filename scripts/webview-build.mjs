/**
 * The UI toolkit asks for :focus-visible by adding an inline style sheet, which a strict Content Security Policy blocks
 * and reports. Every browser inside a supported VS Code knows :focus-visible.
 */
const withoutStyleProbe = {
  name: 'without-style-probe',
  setup(builder) {
    builder.onLoad({ filter: /fast-foundation[\\/]dist[\\/]esm[\\/]utilities[\\/]style[\\/]focus\.js$/ }, () => ({
      contents: "export const focusVisible = 'focus-visible';",
    }));
  },
};

/** Apart from build.mjs because the tests bundle the same pages. */
export function webviewBuild(outdir) {
  return {
    entryPoints: {
      'plan-diff': 'webview/plan-diff/main.tsx',
      statements: 'webview/statements/main.tsx',
      comparison: 'webview/comparison/main.tsx',
    },
    outdir,
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'chrome128',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // With "commonjs" in sight esbuild keeps all of the toolkit; its side effects are registrations we make ourselves.
    mainFields: ['module', 'main'],
    tsconfig: 'webview/tsconfig.json',
    plugins: [withoutStyleProbe],
  };
}
