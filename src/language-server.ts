/** The process in which the language server of playbooks runs. */
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { serve } from './language-server/server';

serve(createConnection(ProposedFeatures.all));
