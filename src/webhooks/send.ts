import { type LookupAddress, lookup as lookUp } from 'node:dns';
import { type ClientRequest, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isAllowedAddress, literalAddress, type TargetPolicy } from './target.ts';

/** Of an answer's body, which nobody reads. */
const MAX_BODY_BYTES = 65_536;

/** What became of one call. */
export interface Answer {
  /** Null when there was none. */
  readonly status: number | null;
  /** Why there was none: TIMEOUT, ADDRESS_REFUSED, or the code of the network or of TLS. */
  readonly error: string | null;
  readonly retryAfter: string | null;
  readonly durationMs: number;
}

class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED';
}

/** Posts a body once. Follows no redirect, and connects to no address that the policy refuses, whatever the name says. */
export async function post(
  policy: TargetPolicy,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Answer> {
  const start = performance.now();
  const signal = AbortSignal.timeout(policy.timeoutMs);
  const answer = { status: null, error: null, retryAfter: null };
  try {
    const response = await call(policy, url, headers, body, signal);
    discard(response);
    const retryAfter = response.headers['retry-after'] ?? null;
    return { ...answer, status: response.statusCode!, retryAfter, durationMs: since(start) };
  } catch (error) {
    const code = signal.aborted ? 'TIMEOUT' : ((error as NodeJS.ErrnoException).code ?? 'FAILED');
    return { ...answer, error: code, durationMs: since(start) };
  }
}

function since(start: number): number {
  return Math.round(performance.now() - start);
}

function call(
  policy: TargetPolicy,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const address = literalAddress(url);
  if (address !== null && !isAllowedAddress(policy, address)) throw new AddressRefused();
  const length = String(Buffer.byteLength(body));
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': length },
    agent: false,
    lookup: guardedLookup(policy),
    signal,
  };
  return new Promise((resolve, reject) => {
    const request: ClientRequest = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, resolve);
    request.on('error', reject).end(body);
  });
}

/** Looks a name up for a connection, so that what is checked is what is connected to. */
function guardedLookup(policy: TargetPolicy): LookupFunction {
  return (host, options, callback) => {
    lookUp(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      if (error || !first) callback(error ?? new AddressRefused(), '');
      else if (!addresses.every(({ address }) => isAllowedAddress(policy, address))) callback(new AddressRefused(), '');
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Lets the other side finish what it says, up to a limit. */
function discard(response: IncomingMessage): void {
  let received = 0;
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > MAX_BODY_BYTES) response.destroy();
  });
}
