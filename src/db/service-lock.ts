import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { EmbeddedError } from './embedded-user.ts';

/**
 * Takes `path` for this process and returns what gives it back. The file holds the process id and when that process
 * started, so neither a file left by `kill -9` nor a reused id keeps anybody out. Throws EmbeddedError when a live
 * process holds it.
 */
export function takeLock(path: string, dataDir: string, say: (sentence: string) => void): () => void {
  const mine = `${process.pid} ${startOf(process.pid)}\n`;
  const held = (by: string) =>
    new EmbeddedError(`Another service (process ${by}) uses DATA_DIR ${dataDir}: stop it or set another DATA_DIR.`);
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o644 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = readOrNull(path);
    if (found === null) continue;
    const [pid = '', ...started] = found.trim().split(' ');
    if (pid !== String(process.pid) && startOf(Number(pid)) === started.join(' ')) throw held(pid);
    // Renaming is atomic: of two starters that judged one file stale, one gets it.
    const aside = `${path}.${process.pid}`;
    try {
      renameSync(path, aside);
    } catch {
      continue;
    }
    if (readOrNull(aside) !== found) {
      renameSync(aside, path);
      throw held('that starts just now');
    }
    rmSync(aside);
    say(`The lock of a service that did not end cleanly (process ${pid}) was removed from ${dataDir}.`);
  }
  throw held('that starts just now');
}

/** When a process started, in the system's words; null when there is no such process or only its unreaped end. */
export function startOf(pid: number): string | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  if (process.platform === 'linux') {
    const fields = readOrNull(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
    return fields?.[0] === 'Z' ? null : (fields?.[19] ?? null);
  }
  if (process.platform === 'win32') return 'running';
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
