// Adds the lock entries of platform packages that the registry which wrote the lock did not serve:
// npm 11+ refuses `npm ci` when an optional dependency of a package has no entry at all.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const added = [];
for (const [at, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] || lock.packages[`${at}/${key}`]) continue;
    const [os, cpu] =
      name
        .split('/')
        .at(-1)
        .match(/(android|darwin|linux|win32|windows)|(arm64|x64)/g) ?? [];
    lock.packages[key] = {
      version,
      optional: true,
      ...(entry.dev ? { dev: true } : {}),
      ...(os ? { os: [os === 'windows' ? 'win32' : os] } : {}),
      ...(cpu ? { cpu: [cpu] } : {}),
    };
    added.push(name);
  }
}
if (added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? 'package-lock.json is complete' : `added: ${added.join(', ')}`);
