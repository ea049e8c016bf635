// What keeps the books from being drawn up at all: an input or a system that cannot be read. A system that
// answers with figures that do not agree is no failure; that is what the books are for.

export class BooksError extends Error {
  /** `books.reason` */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BooksError";
    this.code = code;
  }
}
