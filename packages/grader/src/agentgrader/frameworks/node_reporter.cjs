// Reporter of node --test: keeps every result and writes them as one document when the run is over.
'use strict';
const { openSync, unlinkSync, writeSync } = require('node:fs');
const { report, token } = __SETTINGS__;
const fd = openSync(report, 'a');
unlinkSync(report);
unlinkSync(__filename);

const KINDS = { 'test:start': 'start', 'test:pass': 'pass', 'test:fail': 'fail' };

module.exports = async function* reporter(source) {
  const events = [];
  for await (const { type, data } of source) {
    if (!KINDS[type]) continue;
    const mark = (value) => value !== undefined && value !== false;
    events.push([
      KINDS[type],
      data.nesting,
      data.name,
      data.file ?? '',
      data.details?.type === 'suite',
      mark(data.skip) ? 'skip' : mark(data.todo) ? 'todo' : '',
    ]);
  }
  const text = Buffer.from(JSON.stringify([token, events]) + '\n');
  for (let done = 0; done < text.length; ) done += writeSync(fd, text, done);
};
