// Loaded first in every process of node --test: plants the canaries, half before the tests of the file and half after them.
'use strict';
const { isMainThread } = require('node:worker_threads');
const { canaries, variable } = __SETTINGS__;

if (process.env.NODE_TEST_CONTEXT === undefined) {
  process.env[variable] = String(process.pid); // this is the runner: its children are the processes with tests
} else if (isMainThread && process.env[variable] === String(process.ppid)) {
  delete process.env[variable];
  delete require.cache[__filename];
  const at = process.execArgv.indexOf(__filename);
  if (at > 0) process.execArgv.splice(at - 1, 2); // what a test forks is no test process
  const plant = ([name, verdict], i) => {
    const { test } = require('node:test');
    test(name, () => {
      const assert = require('node:assert');
      if (i < 2) assert.strictEqual(name.length > 0, verdict === 'passed');
      else if (verdict === 'failed') throw new Error('planted');
      else assert.throws(() => assert.strictEqual(name.length, -1));
    });
  };
  const half = canaries.length / 2;
  canaries.slice(0, half).forEach((canary, i) => plant(canary, i));
  setImmediate(() => canaries.slice(half).forEach((canary, i) => plant(canary, half + i)));
}
