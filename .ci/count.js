import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import jest from '../jest.config.js';

/**
 * Adds up jest's reports and prints `N passed, N failed` as the last line. A failed step is a failure, and so is a report that
 * cannot be read, and a project of jest.config.js of which no test has passed in a report on all of them.
 */
const [steps, folder] = [Number(process.argv[2]), process.argv[3]];
/** The report of `npm run check`, which runs the unit tests alone. */
const CHECK = 'check.json';

let passed = 0;
let failed = 0;
const mishaps = [];

function hasPassed(report, roots) {
  const folders = roots.map((root) => root.replace('<rootDir>', process.cwd()) + '/');
  return report.testResults.some(
    ({ name, assertionResults }) =>
      folders.some((root) => name.startsWith(root)) && assertionResults.some(({ status }) => status === 'passed'),
  );
}

for (const file of readdirSync(folder)) {
  try {
    const report = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    passed += report.numPassedTests;
    // A suite that could not even be loaded has no failed test, and is a failure all the same.
    failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
    for (const { displayName, roots } of jest.projects) {
      if (file !== CHECK && !hasPassed(report, roots)) mishaps.push(`${file}: no test of ${displayName} has passed`);
    }
  } catch (error) {
    mishaps.push(`${file}: ${error.message}`);
  }
}
if (passed === 0) mishaps.push('no test has passed');
for (const mishap of mishaps) console.log(`=== FAILED: ${mishap}`);
failed += mishaps.length;
if (failed === 0) failed = steps;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
