/** How much a user downloads. */
import { stat } from 'node:fs/promises';
import { packagedExtension } from '../host/driver/packaged-extension';
import { figure } from './measure';

const { size } = await stat(await packagedExtension());
figure('size of the VSIX', size / 1024 / 1024, 'MB', { atMost: 3 });
