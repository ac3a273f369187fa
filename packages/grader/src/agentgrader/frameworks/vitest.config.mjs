// The repository's own settings of vitest, with the canaries and a reporter that writes the results as one document.
import { existsSync, openSync, realpathSync, unlinkSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { report, token, setup, config } = __SETTINGS__;
const { stringify, parse } = JSON;
const vitest = createRequire(realpathSync(process.argv[1]));
const load = (name) => import(pathToFileURL(createRequire(vitest.resolve('vitest/package.json')).resolve(name)).href);
const { loadConfigFromFile, mergeConfig } = await load('vite');
const { JsonReporter } = { ...(await load('vitest/node')), ...(await load('vitest/reporters').catch(() => ({}))) };

class Reporter extends JsonReporter {
  async writeReport(text) {
    const line = Buffer.from(stringify([token, parse(text)]) + '\n');
    for (let done = 0; done < line.length; ) done += writeSync(fd, line, done);
  }
}

const fd = openSync(report, 'a');
unlinkSync(report);

const endings = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'];
const usual = ['vitest', 'vite'].flatMap((name) => endings.map((ending) => `${name}.config.${ending}`)).find((name) => existsSync(name));

export default async (env) => {
  const file = config || usual;
  const own = (file && (await loadConfigFromFile(env, file))?.config) || {};
  const { reporters: _, ...test } = own.test ?? {};
  return mergeConfig({ ...own, test }, { test: { setupFiles: setup, reporters: ['default', new Reporter()] } });
};
