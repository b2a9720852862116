import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Adds up jest's reports and prints `N passed, N failed` as the last line. A failed step, or no test at all, is a failure. */
const [steps, folder] = [Number(process.argv[2]), process.argv[3]];
let passed = 0;
let failed = 0;
for (const file of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  passed += report.numPassedTests;
  // A suite that could not even be loaded has no failed test, and is a failure all the same.
  failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
}
if (failed === 0 && (steps > 0 || passed === 0)) failed = Math.max(1, steps);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
