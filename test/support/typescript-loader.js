import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

/**
 * Lets plain Node import the TypeScript of `test/support`: Jest runs its global setup outside of its own transforms. A
 * relative import of `./x.js` from TypeScript means `./x.ts`, as everywhere in this project.
 */
export function resolve(specifier, context, next) {
  const relative = specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts');
  return next(relative ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const { code } = await transformFile(fileURLToPath(url), { module: { type: 'es6' }, sourceMaps: 'inline' });
  return { format: 'module', source: code, shortCircuit: true };
}
