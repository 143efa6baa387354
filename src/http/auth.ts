import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors.ts';
import { instantOfRequest } from './context.ts';

const PUBLIC_PATHS = ['/livez', '/readyz', '/metrics', '/openapi.json', '/docs', '/graphiql'];

/** True for what needs no key: health, metrics, and the reference pages, none of which shows data. */
function isPublic(path: string): boolean {
  return PUBLIC_PATHS.some((open) => path === open || path.startsWith(`${open}/`));
}

/** One hook on the root for both doors: credential to caller, and the one instant of the request. */
export function authenticate(app: FastifyInstance): void {
  app.decorateRequest('caller', null);
  app.decorateRequest('now', null);
  app.addHook('onRequest', async (request) => {
    if (isPublic(request.routeOptions.url ?? request.url.split('?')[0]!)) return;
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const caller = token === undefined ? null : await app.services.credentials.authenticate(token);
    if (caller === null) throw new AppError('UNAUTHENTICATED', 'Send a valid key as `Authorization: Bearer <key>`.');
    request.caller = caller;
    request.now = instantOfRequest(request);
  });
}
