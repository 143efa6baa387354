import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs';

/** Why the embedded database cannot run; the message is one sentence for the person at the terminal. */
export class EmbeddedError extends Error {}

/** The OS user that the server runs as; undefined: the user of this process. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

/** Who made the cluster, if it was not root: a service that ran as an ordinary user before keeps its files. */
export function ownerOf(folder: string): ServerUser {
  const stats = statSync(folder, { throwIfNoEntry: false });
  return stats && stats.uid !== 0 ? { uid: stats.uid, gid: stats.gid } : undefined;
}

/** The OS user postgres, made if there is none. Throws EmbeddedError. */
export function postgresUser(): ServerUser {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    // There is none yet: PostgreSQL refuses to run as root.
  }
  try {
    execFileSync('groupadd', ['--system', '--force', 'postgres'], { stdio: 'ignore' });
    execFileSync(
      'useradd',
      ['--system', '--gid', 'postgres', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
      { stdio: 'ignore' },
    );
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    throw new EmbeddedError(
      'PostgreSQL refuses to run as root and the OS user postgres could not be made: start as an ordinary user, or set DATABASE_URL.',
    );
  }
}

/** A folder outside every home, for what the OS user of the database must reach; one per original path. */
export function sharedFolder(original: string): string {
  const hash = createHash('sha256').update(original).digest('hex').slice(0, 16);
  const folder = `/var/tmp/collections-rules-service-${hash}`;
  if (mkdirSync(folder, { recursive: true })) chmodSync(folder, 0o755);
  const { uid, mode } = lstatSync(folder);
  if (uid !== 0 || (mode & 0o170_022) !== 0o040_000) {
    throw new EmbeddedError(`${folder} must be a folder that only root can write: remove it and start again.`);
  }
  return folder;
}

/** Whether `user` can enter the folder, asked of the system because modes are not all that decides. */
export function canReach(folder: string, user: ServerUser): boolean {
  if (user === undefined) return true;
  try {
    execFileSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...user, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
