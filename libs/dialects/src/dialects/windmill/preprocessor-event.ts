/** What a script with a `preprocessor` gets in place of arguments: the request as an event, of which the preprocessor makes them. */
import { PREPROCESS } from '@millrace/contracts';
import { type ReadCloudEvent } from '@millrace/domain';
import { eventText } from '../../body/cloud-event-body.ts';
import { type InboundRequest, type Pair } from '../../inbound-request.ts';
import { isCredentialHeader, isSecretParameter } from '../../secret-names.ts';
import { type BoundTrigger } from '../../trigger-directory.ts';
import { type Arguments, argumentsOfPairs } from './argument-names.ts';
import { isTrue } from './query-options.ts';
import { readBody, readEventBody } from './read-arguments.ts';
import { type WindmillSettings } from './settings.ts';

/** Whether this call is for the preprocessor of the workflow. */
export const wantsPreprocessor = (request: InboundRequest, { version }: Pick<BoundTrigger, 'version'>): boolean =>
  version.preprocessor === true && !isTrue(request.query('skip_preprocessor'));

/** Of several with one name the first counts, as with `include_query`. */
const firstOf = (pairs: readonly Pair[], hides: (name: string) => boolean): Arguments =>
  argumentsOfPairs(pairs.filter(([name]) => !hides(name)).toReversed());

const headersOf = (request: InboundRequest, { api_key_headers: keys }: WindmillSettings): Arguments => {
  const pairs = request.headerPairs().map(([name, value]) => [name.toLowerCase(), value] as const);
  const ofKeys = new Set(keys.map((name) => name.toLowerCase()));
  return firstOf(pairs, (name) => ofKeys.has(name) || isCredentialHeader(name));
};

/** The body, read and as it was sent; a text is only the second. `null`: there is none. */
interface EventBody {
  readonly body: unknown;
  readonly raw_string: string | null;
}

const bodyOf = (request: InboundRequest, settings: WindmillSettings): EventBody => {
  const { value, isRaw } = readBody(request, settings);
  const hasBody = request.method !== 'GET' && request.body.length > 0;
  const isSaid = hasBody || request.multipart !== undefined || request.query('payload') !== undefined;
  return {
    body: isSaid && !isRaw ? value : null,
    raw_string: hasBody && request.multipart === undefined ? request.text() : null,
  };
};

/** The whole request, but for its credentials: inputs are kept. `more`: what only some triggers know of it. */
const inputOf = (request: InboundRequest, body: EventBody, settings: WindmillSettings, more: Arguments): Arguments => ({
  [PREPROCESS]: true,
  event: {
    kind: 'webhook',
    ...body,
    headers: headersOf(request, settings),
    query: firstOf(request.queryPairs(), isSecretParameter),
    ...more,
  },
});

/** @throws AppError as `readArguments`. */
export const readPreprocessorInput = (
  request: InboundRequest,
  settings: WindmillSettings,
  more: Arguments = {},
): Arguments => inputOf(request, bodyOf(request, settings), settings, more);

/** Of a CloudEvent: `body` is what would be the arguments. */
export const readPreprocessorEvent = (
  event: ReadCloudEvent,
  request: InboundRequest,
  settings: WindmillSettings,
  more: Arguments = {},
): Arguments =>
  inputOf(request, { body: readEventBody(event, request), raw_string: eventText(event, request) }, settings, more);
