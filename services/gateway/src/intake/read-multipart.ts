import { Readable } from 'node:stream';
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

const parse = async (
  contentType: string,
  body: Uint8Array,
): Promise<{ fields: readonly MultipartField[]; files: readonly ParsedFile[] }> => {
  const fields: MultipartField[] = [];
  const files: Promise<ParsedFile>[] = [];
  const parser = new Busboy({ headers: { 'content-type': contentType }, limits: { parts: MULTIPART_PARTS_MAX } });
  const done = new Promise<void>((resolve, reject) => {
    parser.on('field', (name, value) => fields.push({ name, value }));
    parser.on('file', (...[name, stream, filename, , type]) => {
      files.push(
        stream
          .toArray()
          .then((chunks) => ({ name, filename, contentType: type, bytes: Buffer.concat(chunks as Buffer[]) })),
      );
    });
    parser.on('partsLimit', () => reject(invalid(`the body has more than ${MULTIPART_PARTS_MAX} parts`)));
    parser.on('finish', resolve).on('error', reject);
  });
  Readable.from([Buffer.from(body)]).pipe(parser);
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
