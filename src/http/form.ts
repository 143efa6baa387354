import type { FastifyInstance } from 'fastify';

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** A form as an object: one value is text, several under one name are a list. */
export function parseForm(text: string): Record<string, string | string[]> {
  const form = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const earlier = form.get(name);
    form.set(name, earlier === undefined ? value : [earlier, value].flat());
  }
  return Object.fromEntries(form);
}

/** Lets the routes of this scope take urlencoded forms beside JSON; `shape` gives them the shape of the JSON body. */
export function acceptForms(app: FastifyInstance, shape = (form: Readonly<Record<string, unknown>>): unknown => form) {
  app.addContentTypeParser(FORM_TYPE, { parseAs: 'string' }, (_request, text, done) =>
    done(null, shape(parseForm(text as string))),
  );
}
