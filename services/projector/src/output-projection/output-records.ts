import { isRunId, type OutputChunk } from '@millrace/contracts';
import { type OutputPack } from '@millrace/eventlog';
import { type RunOutputRecord } from '@millrace/read-model';
import { jsonText } from '../run-projection/json-text.ts';

const COUNT_MAX = 2 ** 31 - 1;
const TIME_MAX = Date.UTC(9999, 11, 31);
const isCount = (value: number): boolean => value >= 0 && value <= COUNT_MAX;

const isStorable = ({ runId, attempt, index, time }: OutputChunk): boolean => {
  const at = Date.parse(time);
  return isRunId(runId) && isCount(attempt) && isCount(index) && at >= 0 && at <= TIME_MAX;
};

/** Rows of the chunks of some packs; a chunk that no row can be made of is left out. */
export const outputRecordsOf = (packs: readonly OutputPack[]): readonly RunOutputRecord[] =>
  packs.flatMap(({ sequence, chunks }) =>
    chunks.flatMap((chunk, packIndex) =>
      isStorable(chunk)
        ? [
            {
              run_id: chunk.runId,
              attempt: chunk.attempt,
              chunk_index: chunk.index,
              stream: chunk.stream,
              time: new Date(chunk.time).toISOString(),
              text: jsonText(chunk.text),
              sequence,
              pack_index: packIndex,
            },
          ]
        : [],
    ),
  );
