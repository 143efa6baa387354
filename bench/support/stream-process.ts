import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

/** One stream: a block of lines sent so often, as it is taken. */
export interface StreamLoad {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly block: string;
  readonly times: number;
}

export interface Streamed {
  readonly seconds: number;
  /** Lines of the answer, the last one too. */
  readonly lines: number;
  readonly lastLine: string;
}

const NEWLINE = 0x0a;

async function send(load: StreamLoad): Promise<Streamed> {
  const block = Buffer.from(load.block);
  const startedAt = performance.now();
  const sent = request(load.url, { method: 'POST', headers: load.headers });
  const answered = once(sent, 'response').then(([answer]) => read(answer as IncomingMessage));
  for (let n = 0; n < load.times; n += 1) if (!sent.write(block)) await once(sent, 'drain');
  sent.end();
  return { ...(await answered), seconds: (performance.now() - startedAt) / 1000 };
}

/** Counts the lines and keeps the last: the answers are as far as this process goes. */
async function read(answer: IncomingMessage): Promise<Omit<Streamed, 'seconds'>> {
  let lines = 0;
  let end = Buffer.alloc(0);
  for await (const piece of answer as AsyncIterable<Buffer>) {
    for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, at + 1)) lines += 1;
    end = Buffer.concat([end, piece]).subarray(-4096);
  }
  return { lines, lastLine: end.toString().trimEnd().split('\n').at(-1) ?? '' };
}

/** Sends the one stream that the parent describes, tells what came of it, and ends. */
process.once('message', async (load: StreamLoad) => {
  process.send!(await send(load));
  process.disconnect?.();
});
