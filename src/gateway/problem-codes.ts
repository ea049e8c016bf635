// Every code that the gateway can answer, with its status and title. A fault whose code is not here is answered
// as `gateway.fault`, and says nothing of what went wrong inside.

export interface ProblemKind {
  status: number;
  title: string;
}

export const problemKinds: Readonly<Record<string, ProblemKind>> = Object.assign(Object.create(null), {
  "access.key-missing": { status: 401, title: "An API key is required" },
  "access.key-unknown": { status: 401, title: "The API key is not known" },
  "access.scope-missing": { status: 403, title: "The API key does not allow this" },
  "access.other-system": { status: 403, title: "The API key speaks for another system" },
  "access.throttled": { status: 429, title: "Too many requests" },
  "request.malformed": { status: 400, title: "The request is not well-formed HTTP" },
  "request.empty": { status: 400, title: "The request has no body" },
  "request.too-large": { status: 413, title: "The body is too large" },
  "request.headers-too-large": { status: 431, title: "The header fields are too large" },
  "request.timeout": { status: 408, title: "The request took too long to arrive" },
  "request.type-unsupported": { status: 415, title: "The content type is not supported" },
  "request.encoding-unsupported": { status: 415, title: "The content encoding is not supported" },
  "request.not-utf8": { status: 400, title: "The body is not UTF-8" },
  "request.not-json": { status: 400, title: "The body is not JSON" },
  "request.parameter-invalid": { status: 400, title: "A parameter does not fit" },
  "request.invalid": { status: 422, title: "The body does not fit its contract" },
  "json.too-deep": { status: 400, title: "The body nests too deep" },
  "route.unknown": { status: 404, title: "There is nothing here" },
  "route.method-not-allowed": { status: 405, title: "The method is not allowed here" },
  "gateway.stopping": { status: 503, title: "The server is stopping" },
  "gateway.fault": { status: 500, title: "Something went wrong inside" },
  "gateway.overloaded": { status: 503, title: "The server cannot take this now" },

  "system.unknown": { status: 404, title: "There is no such system" },
  "event.invalid": { status: 422, title: "The event does not fit its contract" },
  "event.not-accepted": { status: 422, title: "The event is not accepted from outside" },
  "event.not-storable": { status: 422, title: "The event cannot be stored" },
  "event.conflict": { status: 409, title: "The id was used for other content" },
  "event.batch-too-large": { status: 413, title: "The batch has too many events" },
  "webhook.unknown-topic": { status: 404, title: "The system has no such webhook" },
  "webhook.malformed": { status: 400, title: "The webhook's body cannot be taken apart" },
  "webhook.unsigned": { status: 401, title: "The signature does not fit" },

  "order.not-found": { status: 404, title: "There is no such order" },
  "order.exists": { status: 409, title: "The order exists with other content" },
  "order.not-cancellable": { status: 409, title: "The order can no longer be cancelled" },
  "reservation.not-found": { status: 404, title: "There is no such reservation" },
  "reservation.short": { status: 409, title: "There is not enough stock to hold" },
  "reservation.taken": { status: 409, title: "Another channel holds stock under this number" },
  "reservation.ordered": { status: 409, title: "The order has been submitted" },
  "reservation.expiry-refused": {
    status: 422,
    title: "Stock is not held for that long, or the time is over",
  },
  "reservation.unit-unknown": { status: 422, title: "The unit of a line is not known" },
  "command.key-reused": { status: 422, title: "The Idempotency-Key was used for another request" },
  "engine.key-held": { status: 409, title: "An earlier event of this key could not be applied" },

  "delivery.not-found": { status: 404, title: "There is no such delivery" },
  "delivery.not-parked": { status: 409, title: "The delivery is not parked" },
  "exception.not-found": { status: 404, title: "There is no such exception" },
  "receipt.not-found": { status: 404, title: "There is no such receipt" },
  "trace.too-slow": { status: 422, title: "The search takes too long" },
  "trace.not-found": { status: 404, title: "Nothing is known by this key" },
  "key.not-held": { status: 409, title: "The key is not held" },
} satisfies Record<string, ProblemKind>);
