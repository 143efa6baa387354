import type { Load } from './load.ts';
import { requireAny } from './require.ts';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Options {
  readonly url: string;
  readonly connections: number;
  readonly timeout: number;
  readonly duration?: number;
  readonly amount?: number;
  readonly overallRate?: number;
  readonly setupClient: (client: { setRequests: (requests: readonly Request[]) => void }) => void;
}

/** The part of autocannon that is used; it brings no types. */
type Autocannon = (
  options: Options,
  done: (
    error: Error | null,
    result: { non2xx: number; errors: number; timeouts: number; latency: { p50: number; p99: number } },
  ) => void,
) => {
  on: (event: 'response', listener: () => void) => void;
};

/** Runs one load that the parent sends, answers with what was measured between the first and the last response, ends. */
process.once('message', (load: Load) => {
  const autocannon = requireAny<Autocannon>('autocannon');
  const { connections, until, rate } = load;
  const requests = load.requests.map((request) => ({ ...request, method: load.method, headers: load.headers }));
  let client = 0;
  let answered = 0;
  let firstAt = 0;
  let lastAt = 0;
  const run = autocannon(
    {
      url: load.url,
      connections,
      timeout: 30,
      ...(rate === undefined ? {} : { overallRate: rate }),
      ...(until === 'each once' ? { amount: requests.length } : { duration: until.seconds }),
      setupClient: (one) => {
        const own = client++;
        one.setRequests(requests.filter((_, index) => index % connections === own));
      },
    },
    (error, result) => {
      if (error) throw error;
      process.send!({
        requestsPerSecond: ((answered - 1) / (lastAt - firstAt)) * 1000,
        p50Ms: result.latency.p50,
        p99Ms: result.latency.p99,
        answered,
        failed: result.non2xx + result.errors + result.timeouts,
      });
      process.disconnect?.();
    },
  );
  run.on('response', () => {
    lastAt = performance.now();
    if (answered === 0) firstAt = lastAt;
    answered += 1;
  });
});
