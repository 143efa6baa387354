import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Config } from '../config.ts';
import type { JobLog } from '../jobs/jobs.ts';
import type { ThreadAnswer, ThreadRequest, ThreadSettings } from './thread.ts';
import type { ImportWork } from './worker.ts';

/** How long an idle thread is kept for the next file; it costs memory, and a new one half a second. */
const IDLE_MS = 30_000;

export interface ImportThread {
  readonly work: ImportWork;
  /** Ends the thread, if there is one. */
  readonly stop: () => Promise<void>;
}

/**
 * Works on imports in a thread beside the one that answers requests, with connections and keys of its own: to read, seal and
 * hash the rows of a file keeps a processor busy for long. One import at a time; a thread that dies fails the work in hand.
 */
export function createImportThread(
  url: string,
  config: Pick<Config, 'encryptionKeys' | 'blindIndexKey' | 'statementTimeoutMs'>,
  log: JobLog,
): ImportThread {
  const settings: ThreadSettings = {
    url,
    statementTimeoutMs: config.statementTimeoutMs,
    encryptionKeys: config.encryptionKeys ?? [],
    blindIndexKey: config.blindIndexKey ?? Buffer.alloc(0),
  };
  let thread: Worker | null = null;
  let idle: NodeJS.Timeout | undefined;
  const started = () => {
    if (thread) return thread;
    const made = new Worker(new URL('./thread.ts', import.meta.url), { workerData: settings });
    made.on('error', (error) => log.error({ err: error }, 'the thread of imports failed'));
    made.once('exit', () => {
      if (thread === made) thread = null;
    });
    thread = made;
    return made;
  };
  const stop = async () => {
    clearTimeout(idle);
    await thread?.terminate();
  };
  return {
    stop,
    work: async (_, importId, stopping) => {
      clearTimeout(idle);
      const current = started();
      const send = (request: ThreadRequest) => current.postMessage(request);
      const onStop = () => send({ kind: 'stop' });
      stopping.addEventListener('abort', onStop);
      try {
        send({ kind: 'work', importId });
        if (stopping.aborted) onStop();
        const answer = await answerOf(current);
        if (answer.failure !== null) throw new Error(answer.failure);
      } finally {
        stopping.removeEventListener('abort', onStop);
        idle = setTimeout(() => void stop(), IDLE_MS).unref();
      }
    },
  };
}

async function answerOf(thread: Worker): Promise<ThreadAnswer> {
  const over = new AbortController();
  try {
    const [answer] = (await Promise.race([
      once(thread, 'message', { signal: over.signal }),
      once(thread, 'exit', { signal: over.signal }).then(([code]) => [
        { failure: `the thread of imports ended with ${code}` },
      ]),
    ])) as [ThreadAnswer];
    return answer;
  } finally {
    over.abort();
  }
}
