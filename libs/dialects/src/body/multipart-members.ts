import { type MultipartBody, type MultipartFile } from '../inbound-request.ts';
import { pairsWithLists } from './form.ts';

/**
 * Fields and files of a multipart body under their names; those of one name, and of a name that ends in `[]`, are a list, files behind
 * fields.
 *
 * @param shown What a file is shown as.
 */
export const multipartMembers = (
  { fields, files }: MultipartBody,
  shown: (file: MultipartFile) => Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> =>
  pairsWithLists<unknown>([
    ...fields.map(({ name, value }) => [name, value] as const),
    ...files.map((file) => [file.name, shown(file)] as const),
  ]);
