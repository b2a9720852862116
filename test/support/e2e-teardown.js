/** Stops what `e2e-setup.js` started; fails the run if the shared server logged a defect. */
export default async function teardown() {
  await globalThis.dossierStopSharedStack?.();
}
