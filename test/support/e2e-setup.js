import { register } from 'node:module';

register('./typescript-loader.js', import.meta.url);

/** Starts what all e2e suites share; the suites find it by `sharedStack()`. */
export default async function setup() {
  const { startSharedStack } = await import('./shared-stack.ts');
  globalThis.dossierStopSharedStack = await startSharedStack();
}
