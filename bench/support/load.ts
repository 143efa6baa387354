import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Requests for one server: each connection sends its own share of them, in order and again from the start. */
export interface Load {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly requests: readonly { readonly path: string; readonly body?: string }[];
  readonly connections: number;
  /** Requests a second of all connections together; left out: as many as are answered. */
  readonly rate?: number;
  /** Stop after so long, or after every request has been sent once. */
  readonly until: { readonly seconds: number } | 'each once';
}

export interface Measured {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type Result = Measured & { readonly answered: number; readonly failed: number };

/** Sends the load from a process of its own. Throws when any answer is not 2xx: a failed request is not a fast one. */
export function send(load: Load): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./load-process.ts', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.once('error', reject).once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
    child.once('message', ({ failed, answered, ...measured }: Result) => {
      if (failed > 0) reject(new Error(`${load.url}: ${failed} of ${answered} requests failed`));
      else resolve(measured);
    });
    child.send(load);
  });
}
