import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type FastifyRequest } from 'fastify';
import { Busboy } from '@fastify/busboy';
import { AppError } from '@millrace/kernel';
import { mediaTypeOf, type MultipartField, type MultipartFile } from '@millrace/dialects';
import { type Files } from '@millrace/eventlog';
import { type Ids } from '@millrace/runtime';
import { type RunSealers } from '@millrace/secrets';
import { MULTIPART_PARTS_MAX } from '../limits.ts';
import { type Entry } from './entry.ts';
import { fileName, sealedFileId } from './file-names.ts';

export interface MultipartDeps {
  readonly files: Files;
  readonly ids: Pick<Ids, 'eventId'>;
  /** A new id for a run of a workflow. */
  readonly newRunId: (workflow: string) => string;
  readonly sealers: Pick<RunSealers, 'create'>;
}

interface ParsedFile extends Omit<MultipartFile, 'object' | 'size'> {
  readonly bytes: Buffer;
}

const invalid = (message: string, cause?: unknown): AppError =>
  new AppError('invalid', 'body.invalid_multipart', message, { cause });

const tooManyParts = (): AppError => invalid(`the body has more than ${MULTIPART_PARTS_MAX} parts`);

/** Counted before the parser sees them: it goes through all that follow the last one that it takes, in one turn of the event loop. */
const checkParts = (contentType: string, body: Uint8Array): void => {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return; // the parser says so
  const delimiter = Buffer.from(`--${boundary}`);
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let parts = 0;
  for (let at = bytes.indexOf(delimiter); at !== -1; at = bytes.indexOf(delimiter, at + delimiter.length)) {
    parts += 1;
    // The last delimiter begins no part.
    if (parts > MULTIPART_PARTS_MAX + 1) throw tooManyParts();
  }
};

const PIECE_BYTES = 262_144;

/** Others get their turn between two pieces of a large body. */
async function* piecesOf(body: Uint8Array): AsyncGenerator<Buffer, void, undefined> {
  for (let start = 0; start < body.length; start += PIECE_BYTES) {
    if (start > 0) await setImmediate();
    yield Buffer.from(body.subarray(start, start + PIECE_BYTES));
  }
}

const parse = async (
  contentType: string,
  body: Uint8Array,
): Promise<{ fields: readonly MultipartField[]; files: readonly ParsedFile[] }> => {
  checkParts(contentType, body);
  const fields: MultipartField[] = [];
  const files: Promise<ParsedFile>[] = [];
  const parser = new Busboy({ headers: { 'content-type': contentType }, limits: { parts: MULTIPART_PARTS_MAX } });
  let parts = 0;
  const done = new Promise<void>((resolve, reject) => {
    const checkName = (name: string | undefined): void => {
      parts += 1;
      if (name === undefined) reject(invalid(`part ${parts} of the multipart body has no name`));
    };
    parser.on('field', (name, value) => {
      checkName(name);
      fields.push({ name, value });
    });
    parser.on('file', (...[name, stream, filename, , type]) => {
      checkName(name);
      files.push(
        stream
          .toArray()
          .then((chunks) => ({ name, filename, contentType: type, bytes: Buffer.concat(chunks as Buffer[]) })),
      );
    });
    parser.on('partsLimit', () => reject(tooManyParts()));
    parser.on('finish', resolve).on('error', reject);
  });
  Readable.from(piecesOf(body)).pipe(parser);
  await done;
  return { fields, files: await Promise.all(files) };
};

/** Reads a multipart body, and puts its files into the object store. Leaves any other body alone. */
export const makeReadMultipart =
  ({ files, ids, newRunId, sealers }: MultipartDeps) =>
  async (_request: FastifyRequest, { inbound, bound }: Entry): Promise<void> => {
    if (mediaTypeOf(inbound) !== 'multipart/form-data') return;
    const parsed = await parse(inbound.header('content-type') ?? '', inbound.body).catch((cause: unknown) => {
      throw cause instanceof AppError ? cause : invalid('the body is not valid multipart/form-data', cause);
    });
    // The run that will be asked for gets its id and key here, so that its files are sealed like everything else of it.
    const isDeleted = bound.version.policy.deleteAfterUse === true;
    const sealer = isDeleted ? await sealers.create(newRunId(bound.workflow)) : undefined;
    inbound.sealer = sealer;
    const store = async ({ bytes, ...file }: ParsedFile): Promise<MultipartFile> => {
      const id = sealer === undefined ? ids.eventId() : sealedFileId(sealer.runId, ids.eventId());
      const object = fileName(bound.workflow, id);
      await files.put(object, sealer === undefined ? bytes : sealer.bytes(bytes));
      return { ...file, size: bytes.length, object };
    };
    inbound.multipart = { fields: parsed.fields, files: await Promise.all(parsed.files.map(store)) };
  };
