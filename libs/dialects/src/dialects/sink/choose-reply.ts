import { type TriggerMode } from '@millrace/contracts';
import { type InboundRequest } from '../../inbound-request.ts';

/** What is sent while and after a run: frames of the document, named events of the first servers, or one JSON document of the later. */
export type Reply = 'frames' | 'events' | 'json';

interface AcceptRange {
  readonly type: string;
  readonly quality: number;
  readonly parameters: readonly string[];
}

const UNNAMED: AcceptRange = { type: '', quality: 0, parameters: [] };

const rangesOf = (accept: string): readonly AcceptRange[] =>
  accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { type, quality: quality === undefined ? 1 : Number(quality), parameters };
  });

const NAMED = 'events=named';

const isNamed = (stream: AcceptRange, byDefault: Reply): boolean =>
  byDefault === 'events' || stream.parameters.includes(NAMED);

/**
 * By the media types that `Accept` names: `application/json` → JSON, `text/event-stream` → frames, `text/event-stream;events=named` →
 * named events. The one with the larger quality counts. Neither, both alike, or only wildcards: the default.
 */
export const chooseReply = (request: Pick<InboundRequest, 'header'>, byDefault: Reply): Reply => {
  const ranges = rangesOf(request.header('accept') ?? '');
  const find = (type: string): AcceptRange => ranges.find((range) => range.type === type) ?? UNNAMED;
  const [json, stream] = [find('application/json'), find('text/event-stream')];
  if (json.quality > stream.quality) return 'json';
  if (stream.quality > json.quality) return isNamed(stream, byDefault) ? 'events' : 'frames';
  return byDefault;
};

/** A trigger that answers at once, or waits, says so itself; else the caller chooses. */
export const modeOf = (mode: TriggerMode, reply: Reply): TriggerMode => {
  if (mode === 'async') return 'async';
  return reply === 'json' ? 'sync' : 'stream';
};
