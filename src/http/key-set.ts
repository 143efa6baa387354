import type { FastifyInstance } from 'fastify';

/** Long enough to spare requests, short enough that a new key is known soon; a copy serves on when nothing answers. */
const CACHE_CONTROL = 'public, max-age=300, stale-if-error=86400';

const key = (description: string) => ({ type: 'string', description });

const schema = {
  operationId: 'getKeySet',
  tags: ['Operations'],
  summary: 'The public keys that verify permission tokens (RFC 7517)',
  security: [],
  response: {
    200: {
      description: 'OK',
      headers: { 'Cache-Control': { type: 'string', description: 'How long a copy serves' } },
      content: {
        'application/jwk-set+json': {
          schema: {
            type: 'object',
            properties: {
              keys: {
                type: 'array',
                items: {
                  type: 'object',
                  properties: {
                    kty: key('OKP'),
                    crv: key('Ed25519'),
                    x: key('The public key, base64url'),
                    kid: key('Named by the header of a token'),
                    use: key('sig'),
                    alg: key('EdDSA'),
                  },
                  required: ['kty', 'crv', 'x', 'kid', 'use', 'alg'],
                  additionalProperties: false,
                },
              },
            },
            required: ['keys'],
            additionalProperties: false,
          },
        },
      },
    },
  },
};

/** `/.well-known/jwks.json`, for everybody: dialers and session border controllers keep a copy. */
export function exposeKeySet(app: FastifyInstance): void {
  app.get('/.well-known/jwks.json', { schema }, async (_, reply) =>
    reply.header('cache-control', CACHE_CONTROL).type('application/jwk-set+json').send(app.services.tokens.keySet),
  );
}
