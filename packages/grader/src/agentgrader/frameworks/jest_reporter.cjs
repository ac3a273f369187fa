// Reporter of jest: writes the results of a run as one document, in the form of `jest --json`.
'use strict';
const { openSync, unlinkSync, writeSync } = require('node:fs');
const { report, token } = __SETTINGS__;
const { stringify } = JSON;
const fd = openSync(report, 'a');
unlinkSync(report);
unlinkSync(__filename);

const ofTest = ({ ancestorTitles, title, status }) => ({ ancestorTitles, title, status });
const ofFile = ({ testFilePath, testExecError, numFailingTests, testResults }) => ({
  name: testFilePath,
  status: testExecError || numFailingTests ? 'failed' : 'passed',
  message: testExecError ? String(testExecError.message || 'failed') : '',
  assertionResults: testResults.map(ofTest),
});

module.exports = class {
  onRunComplete(_, { numTotalTests, testResults }) {
    const text = Buffer.from(stringify([token, { numTotalTests, testResults: testResults.map(ofFile) }]) + '\n');
    for (let done = 0; done < text.length; ) done += writeSync(fd, text, done);
  }
};
