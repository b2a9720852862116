/** Unit tests stand beside the source; suites that need a database or a server stand under test/. */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};

export default {
  testTimeout: 30_000,
  // Many suites wait for leases and timeouts more than they work: on two cores a third worker has room, and a fourth where the
  // database is not one more load in each server that they start.
  maxWorkers: process.env.TEST_DATABASE_URL === undefined ? 3 : 4,
  projects: [
    { ...base, displayName: 'unit', roots: ['<rootDir>/src', '<rootDir>/test/rules'], testMatch: ['**/*.spec.ts'] },
    { ...base, displayName: 'repository', roots: ['<rootDir>/test/repository'], testMatch: ['**/*.spec.ts'] },
    {
      ...base,
      displayName: 'e2e',
      roots: ['<rootDir>/test/e2e', '<rootDir>/test/faults', '<rootDir>/test/soak'],
      testMatch: ['**/*.e2e-spec.ts'],
      globalSetup: '<rootDir>/test/support/e2e-setup.js',
      globalTeardown: '<rootDir>/test/support/e2e-teardown.js',
    },
  ],
};
