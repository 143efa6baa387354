import { readFileSync } from 'node:fs';
import { loadPack, loadPacks, PackError } from './policy/load.ts';
import { createRegistry } from './policy/registry.ts';

/** `npm run policy -- check <file>…`: reads policy packs as the service would, without a database. */
const USAGE = `Usage: npm run policy -- check <file> [<file> …]
  Checks each file, runs its examples, and sees that its dates follow the other versions of the pack.
  Exit code: 0 all are in order, 1 one is not (file:line: reason), 2 this text.`;

/** One line about a version that is in order. Throws PackError, and the error of a file that cannot be read. */
function check(file: string): string {
  const pack = loadPack(readFileSync(file, 'utf8'), file);
  const { id, spec } = pack.compiled;
  const { examples, effectiveFrom } = pack.document;
  createRegistry([...loadPacks().filter(({ compiled }) => compiled.id !== id), pack]);
  return `${id}: ${spec.rules.length} rules, ${examples.length} examples hold, in force from ${effectiveFrom}, sha256 ${pack.contentHash}`;
}

const [command, ...files] = process.argv.slice(2);
if (command !== 'check' || files.length === 0) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  for (const file of files) {
    try {
      process.stdout.write(`${check(file)}\n`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (!(error instanceof PackError) && code === undefined) throw error;
      process.stderr.write(`${message}\n`);
      process.exitCode = 1;
    }
  }
}
