// The contract of a page of a list.
import { type TSchema, Type } from "typebox";

export const pageSchema = (item: TSchema) =>
  Type.Object({
    items: Type.Array(item),
    next: Type.Optional(
      Type.String({ description: "Send it as cursor for the page after; absent on the last one" }),
    ),
  });
