import { Type } from 'typebox';

/** What became of each event of a batch of CloudEvents. */
export const BatchAnswerSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      status: Type.Enum(['accepted', 'duplicate', 'filtered', 'refused']),
      id: Type.Optional(Type.String({ description: 'of the event, as `source`' })),
      source: Type.Optional(Type.String()),
      run_id: Type.Optional(Type.String()),
      index: Type.Optional(Type.Integer({ description: 'of an item that is no event: where it stands' })),
      reason: Type.Optional(Type.String({ description: 'why it was filtered' })),
      code: Type.Optional(Type.String({ description: 'of the error by which it was refused' })),
      detail: Type.Optional(Type.String()),
    }),
  ),
});
