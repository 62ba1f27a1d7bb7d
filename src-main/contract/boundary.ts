import type { FailureOf } from './failures';
import type { Answer, Handlers, Input, RequestName } from './requests';
import { isRequestName, requests } from './requests';
import type { Result } from './result';
import { fail, ok } from './result';

/** A request that passed the boundary: its name exists and its input has the right shape. */
export type Decoded = {
  readonly [N in RequestName]: { readonly name: N; readonly input: Input<N> };
}[RequestName];

/**
 * Decodes what came over a boundary. The first problem is named with its field's path, so that whoever
 * wrote the call can mend it; values are never echoed.
 */
export function decode(name: unknown, input: unknown): Result<Decoded, FailureOf<'invalid-request'>> {
  if (!isRequestName(name))
    return fail({ kind: 'invalid-request', field: 'name', problem: 'is no request that Orchard knows' });
  const parsed = requests[name].input.safeParse(input);
  if (parsed.success) return ok({ name, input: parsed.data } as Decoded);
  const issue = parsed.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'input' : issue.path.map(String).join('.');
  return fail({ kind: 'invalid-request', field, problem: issue?.message ?? 'has the wrong shape' });
}

/** A decoded request as its handlers take it; distributes over the names so that input and handler agree. */
export type Call<N extends RequestName> = {
  [K in N]: { readonly name: K; readonly input: Input<K> };
}[N];

/** Hands a decoded request to its handler. */
export const dispatch = <N extends RequestName>(handlers: Handlers, call: Call<N>): Promise<Answer<N>> =>
  handlers[call.name](call.input);
