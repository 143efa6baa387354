import { z } from 'zod';
import { permissionAnswerSchema } from '../contact/schemas.ts';
import { idSchema, instantSchema } from '../validation.ts';

export const REPLAYS = ['exact', 'as_known_then', 'as_known_now'] as const;
export type ReplayOf = (typeof REPLAYS)[number];

export const replaySchema = z
  .strictObject({
    as: z
      .enum(REPLAYS)
      .describe(
        'exact: the facts that were recorded. as_known_then: recomputed from all that was known when it was decided; must be the same. as_known_now: all that is known now of what happened until then',
      ),
    policyVersion: z
      .string()
      .regex(
        /^[a-z0-9-]{2,40}@\d{4}-\d{2}-\d{2}(\+[a-z0-9-]{2,40}@\d{4}-\d{2}-\d{2}){0,19}$/,
        'must be pack@version, several joined with +',
      )
      .optional()
      .describe('What if these had decided, whatever their dates? The versions that did when left out'),
  })
  .meta({
    id: 'Replay',
    examples: [{ as: 'exact' }, { as: 'as_known_now', policyVersion: 'cn-credit-card@2026-02-01' }],
  });

export const replayAnswerSchema = z
  .object({
    decision: permissionAnswerSchema,
    identical: z.boolean().describe('True when nothing differs'),
    differences: z.array(
      z
        .object({
          path: z
            .string()
            .describe(
              'JSON Pointer into the recorded decision; entries of lists go by their id: attempt, rule, account, directive',
            ),
          recorded: z.unknown().nullable(),
          replayed: z.unknown().nullable(),
        })
        .meta({ id: 'ReplayDifference' }),
    ),
  })
  .meta({ id: 'ReplayAnswer' });

export const differingQuerySchema = z.strictObject({
  customerId: idSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export const differingPageSchema = z
  .object({
    items: z.array(
      z
        .object({
          decisionId: z.string(),
          customerId: z.string(),
          permitted: z.boolean().describe('What was answered'),
          wouldBePermitted: z.boolean().describe('What would be answered with what is known now'),
          foundAt: instantSchema,
        })
        .meta({ id: 'DifferingDecision' }),
    ),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'DifferingDecisionPage' });

export type DifferingQuery = z.output<typeof differingQuerySchema>;
export type DifferingPage = z.infer<typeof differingPageSchema>;
export type Replay = z.output<typeof replaySchema>;
export type ReplayAnswer = z.infer<typeof replayAnswerSchema>;
