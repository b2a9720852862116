import { PROBLEMS, type ProblemSlug } from '../../src/platform/errors/problems.js';

/** The body of a problem. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly request_id: string;
  readonly run_id?: number;
  readonly errors?: readonly { readonly pointer?: string; readonly parameter?: string; readonly detail: string }[];
}

/** An answer of `fetch`, or of the typed client, which has read the body already. */
export type Answer = Response | { readonly response: Response; readonly error?: unknown };

/** Checks that an answer is this problem, with every member that RFC 9457 and the conventions ask for; gives its body. */
export async function expectProblem(answer: Answer, slug: ProblemSlug): Promise<Problem> {
  const response = answer instanceof Response ? answer : answer.response;
  const body = (answer instanceof Response ? await answer.json() : answer.error) as Problem;
  const { status, title } = PROBLEMS[slug];
  expect({ status: response.status, body }).toMatchObject({ status, body: { type: `/problems/${slug}` } });
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json(;|$)/);
  expect(body).toMatchObject({
    title,
    status,
    detail: expect.stringMatching(/\S/) as unknown,
    instance: new URL(response.url).pathname,
    request_id: response.headers.get('x-request-id'),
  });
  return body;
}

/** Where the mistakes of a refused request are: pointers into the body, and names of parameters. */
export function placesOf({ errors = [] }: Problem): string[] {
  return errors.map(({ pointer, parameter }) => pointer ?? parameter ?? '?');
}

/** An answer's text with the id that was asked for taken out of its path and its sentences. */
export function withoutId(text: string, id: number): string {
  return text.replace(new RegExp(`(?<=[ /])${id}(?!\\d)`, 'g'), '{id}');
}
