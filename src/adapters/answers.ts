import {
  type Asked,
  decisionInAnyFormat,
  nested,
  PROBLEM_FORMATS,
  requestedFormat,
  writeAnswer,
  writeProblem,
} from '../contact/formats.ts';
import type { PermissionAnswer } from '../contact/schemas.ts';
import { hangupOf } from './freeswitch.ts';
import type { VendorRecord } from './mapping.ts';

/** How the adapters answer, as far as it is no decision: formats, and problems in the shape that a platform can read. */
export { decisionInAnyFormat, nested, PROBLEM_FORMATS };

type Problem = Parameters<typeof writeProblem>[1];

const XML = 'text/xml; charset=utf-8';

/** Asterisk reads pairs where it does not ask for anything else. */
export function asteriskAnswer(asked: Asked, answer: PermissionAnswer): { type: string; text: string } | null {
  return writeAnswer(requestedFormat(asked, 'form'), answer);
}

export function asteriskProblem(problem: Problem, asked: Asked) {
  return writeProblem(requestedFormat(asked, 'form'), problem);
}

/** OCS knows two answers, so a number that is none is a 409 like every refusal. */
export function ocsProblem({ code, detail }: Problem) {
  if (code !== 'PHONE_INVALID') return null;
  const refusal = {
    permitted: false,
    decision: 'DENY',
    reasonCode: 'INVALID_CONTACT_POINT',
    reasonText: detail,
    nextPermittedAt: null,
  };
  return { status: 409, type: 'application/json; charset=utf-8', text: JSON.stringify(refusal) };
}

/** Always 200: at any other status FreeSWITCH goes on with the dialplan on its disk, and dials. */
export function freeswitchProblem({ code }: Problem, { body }: { readonly body: unknown }) {
  const record = body !== null && typeof body === 'object' ? (body as VendorRecord) : {};
  return { status: 200, type: XML, text: hangupOf(record, code) };
}
