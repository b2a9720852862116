import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { loadConfig } from './platform/config/config.js';

/** Writes openapi.json, without a server or a database: `npm run openapi`. */
const { createPreview } = await import('./app.setup.js');
const document = await createPreview(loadConfig({ CLAUDE_MODE: 'simulated', LOG_LEVEL: 'silent' }));
writeFileSync('openapi.json', `${JSON.stringify(document, null, 2)}\n`);
