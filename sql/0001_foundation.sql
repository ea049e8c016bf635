-- oldest-node: 1
-- The log, identities, state of inventory and order, deliveries, exceptions, and the cluster's book-keeping.
-- Business keys are collated "C" so that lock order is byte order on every server.

-- ── The log ────────────────────────────────────────────────────────────────────────────────────────
-- One row, locked last before the commit of every transaction that appends: seq is dense and in commit
-- order, so no reader can skip an event that commits late.
create table log_head (
  only_row boolean primary key default true check (only_row),
  seq bigint not null
);
insert into log_head (seq) values (0);

-- Daily partitions are made ahead by ensure_day(); retention drops whole ones.
create table event (
  seq bigint not null,
  day date not null,
  recorded_at timestamptz not null,
  id uuid not null,
  type text collate "C" not null,
  source text collate "C" not null,
  company text collate "C" not null,
  key text collate "C" not null,
  partition smallint not null,
  occurred_at timestamptz not null,
  -- true: applied by the transaction that wrote it: a decision, or a command that was answered with one
  decided boolean not null,
  -- the event that this one follows from
  cause_seq bigint,
  -- of a decided one: the last fact of its key that had been applied before it; a rebuild keeps to this order
  after_seq bigint,
  receipt_id uuid,
  correlation_id text collate "C",
  traceparent text collate "C",
  -- byte for byte as it was received or decided
  data json not null
) partition by range (day);
-- Two, so that who asks for facts of a key after a seq does not read past all that was decided of it.
create index event_fact on event (key, seq) where not decided;
create index event_decision on event (key, seq) where decided;
-- Last: of indexes that look alike to a planner that has seen no rows yet, it takes the youngest, and keeps to it.
create index event_seq on event (seq);

-- Identities of received messages, apart from the log: 16-byte hashes in epochs, so that the one unique
-- index that takes inserts stays small and warm however many receipts there are.
create table identity_epoch (
  epoch integer primary key,
  opened_at timestamptz not null default clock_timestamp(),
  sealed_at timestamptz,
  identities bigint not null default 0,
  -- a blocked Bloom filter over the epoch's hashes, drawn when it is sealed
  filter bytea
);
create table identity (
  epoch integer not null,
  hash uuid not null,
  -- the first 8 bytes of the content's hash: the same id with other content is a conflict
  content bigint not null,
  primary key (epoch, hash)
) partition by list (epoch);
create table identity_1 partition of identity for values in (1);
insert into identity_epoch (epoch) values (1);

-- Native messages, byte for byte, so that a mapping can be mended and the receipt mapped again.
create table receipt (
  id uuid not null,
  day date not null,
  system text collate "C" not null,
  topic text collate "C" not null,
  native_id text collate "C" not null,
  received_at timestamptz not null,
  content_type text collate "C" not null,
  body bytea not null,
  outcome text collate "C" not null check (outcome in ('mapped', 'ignored', 'failed')),
  mapping_revision integer not null,
  events integer not null,
  reason text,
  primary key (day, id)
) partition by range (day);
create index receipt_id on receipt (id);

-- Events that were not recorded: the same id with other content, or against their contract.
create table refused_event (
  id uuid primary key,
  system text collate "C" not null,
  received_at timestamptz not null default clock_timestamp(),
  outcome text collate "C" not null check (outcome in ('conflict', 'rejected')),
  reason jsonb not null,
  body text not null
);
create index refused_event_system on refused_event (system, received_at);

-- received = recorded + duplicate + conflict + rejected, per system and day.
create table intake (
  system text collate "C" not null,
  day date not null,
  received bigint not null default 0,
  recorded bigint not null default 0,
  duplicate bigint not null default 0,
  conflict bigint not null default 0,
  rejected bigint not null default 0,
  native_mapped bigint not null default 0,
  native_ignored bigint not null default 0,
  native_failed bigint not null default 0,
  native_duplicate bigint not null default 0,
  last_at timestamptz,
  primary key (system, day)
);

create table poll_cursor (
  system text collate "C" not null,
  poll text collate "C" not null,
  cursor text,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (system, poll)
);

-- What systems list of their own, beside what is held here, and until when both were the same.
create table census (
  system text collate "C" not null,
  domain text collate "C" not null,
  -- nothing that was made before is compared
  since timestamptz not null,
  witnessed_until timestamptz,
  looked_at timestamptz not null,
  -- listed at the last look
  held integer not null,
  -- listed there, and unknown here: an exception when they still are at the next look
  missing text[] not null,
  -- acknowledged by the system, and no longer listed
  surplus text[] not null,
  -- the system was restored from a backup: what it acknowledged since then is gone
  lost_since timestamptz,
  -- why the system could not be asked, if it could not
  failure text,
  primary key (system, domain)
);

-- A group of received events in one round trip: identities, log and counts. Outcomes are per event: 0 recorded,
-- 1 known already, 2 known with other content, which the caller counts; null says that all are recorded. An event
-- without a hash has no identity of its own. `unknown_epoch`: an epoch was sealed that the caller has no filter of,
-- and nothing was done.
create function record_events(
  last_sealed integer, ids uuid[], types text[], sources text[], companies text[], keys text[], partitions smallint[],
  times timestamptz[], receipts uuid[], correlations text[], traces text[], texts text[], hashes uuid[], contents bigint[],
  out unknown_epoch boolean, out base bigint, out appended_at timestamptz, out outcomes smallint[]
) language plpgsql as $$
declare
  open_epoch integer;
  new_count bigint;
  is_new boolean[];
begin
  -- Shared with everybody who records, exclusive to who seals; each statement below sees what it waited for.
  perform pg_advisory_xact_lock_shared(7101);
  select max(epoch) into open_epoch from identity_epoch where sealed_at is null;
  unknown_epoch := open_epoch > last_sealed + 1;
  if unknown_epoch then return; end if;

  -- In the order of the hashes, so that two groups never wait for each other.
  with given as (
    select hash, content, ord from unnest(hashes, contents) with ordinality as g(hash, content, ord)
  ), inserted as (
    insert into identity (epoch, hash, content)
    select open_epoch, hash, content from given where hash is not null order by hash
    on conflict do nothing returning hash
  )
  select array_agg(g.hash is null or i.hash is not null order by g.ord),
         count(*) filter (where g.hash is null or i.hash is not null)
    into is_new, new_count
    from given g left join inserted i using (hash);

  if new_count < cardinality(ids) then
    select array_agg(case when is_new[g.ord] then 0 when k.content = g.content then 1 else 2 end order by g.ord)
      into outcomes
      from unnest(hashes, contents) with ordinality as g(hash, content, ord)
      left join identity k on k.epoch = open_epoch and k.hash = g.hash;
  end if;

  if new_count > 0 then
    -- Everybody who appends waits here for the one before to commit.
    update log_head set seq = seq + new_count returning seq - new_count, clock_timestamp() into base, appended_at;
    insert into event (seq, day, recorded_at, id, type, source, company, key, partition, occurred_at, decided,
                       receipt_id, correlation_id, traceparent, data)
    select base + row_number() over (order by e.ord), (appended_at at time zone 'UTC')::date, appended_at, e.id, e.type, e.source,
           e.company, e.key, e.partition, e.occurred_at, false, e.receipt_id, e.correlation_id, e.traceparent, e.data::json
      from unnest(ids, types, sources, companies, keys, partitions, times, receipts, correlations, traces, texts)
           with ordinality as e(id, type, source, company, key, partition, occurred_at, receipt_id, correlation_id,
                                traceparent, data, ord)
     where outcomes is null or is_new[e.ord]
     order by e.ord;
  end if;

  insert into intake as i (system, day, received, recorded, duplicate, last_at)
  select c.system, (clock_timestamp() at time zone 'UTC')::date, c.recorded + c.duplicate, c.recorded, c.duplicate, clock_timestamp()
    from (select e.source as system, count(*) filter (where outcomes is null or outcomes[e.ord] = 0) as recorded,
                 count(*) filter (where outcomes[e.ord] = 1) as duplicate
            from unnest(sources) with ordinality as e(source, ord) group by e.source) c
   order by c.system
  on conflict (system, day) do update set
    received = i.received + excluded.received, recorded = i.recorded + excluded.recorded,
    duplicate = i.duplicate + excluded.duplicate, last_at = excluded.last_at;
end
$$;

-- ── Inventory ──────────────────────────────────────────────────────────────────────────────────────
-- One row a SKU: the unit of locking for every promise. Small sets (levels, dated inbound, dated
-- commitments) live in it as documents; the views below show them as rows.
create table stock_item (
  company text collate "C" not null,
  sku text collate "C" not null,
  unit text collate "C" not null,
  ratios jsonb not null default '{}',
  applied_seq bigint not null default 0,
  held_seq bigint,
  levels jsonb not null default '[]',
  inbound jsonb not null default '[]',
  commitments jsonb not null default '[]',
  updated_at timestamptz not null default clock_timestamp(),
  primary key (company, sku)
) with (fillfactor = 60);

-- Live promises; a released one is deleted, its history is in the log.
create table reservation (
  company text collate "C" not null,
  order_id text collate "C" not null,
  line_id text collate "C" not null,
  sku text collate "C" not null,
  -- empty for a backorder, which waits for stock anywhere
  location text collate "C" not null,
  quantity numeric(21, 6) not null check (quantity > 0),
  kind text collate "C" not null check (kind in ('firm', 'expiring', 'backorder')),
  made_at timestamptz not null,
  expires_at timestamptz,
  due_at timestamptz,
  -- what the place's own figures have taken off for it: [{quantity, since}]
  netted jsonb,
  priority smallint not null default 0,
  -- of the order, where the channel nets its own open orders
  channel text collate "C",
  -- Two indexes that begin alike look the same to a planner that has seen no rows yet.
  primary key (order_id, company, line_id, sku, location)
);
create index reservation_sku on reservation (sku, company, location);

create table stock_movement (
  id uuid not null,
  day date not null,
  seq bigint not null,
  company text collate "C" not null,
  sku text collate "C" not null,
  location text collate "C" not null,
  status text collate "C" not null,
  owner text collate "C" not null,
  lot text collate "C" not null,
  quantity numeric(21, 6) not null,
  reason text collate "C" not null,
  occurred_at timestamptz not null,
  sequence numeric(30, 0),
  document text collate "C" not null,
  -- of what left, what the place's figures had taken off until then
  netted jsonb,
  source text collate "C" not null
) partition by range (day);
create index stock_movement_sku on stock_movement (company, sku, occurred_at);

create view stock_level as
  select i.company, i.sku, i.unit, l.location, l.status, l.owner, l.lot,
         l."onHand"::numeric(21, 6) as on_hand, l."base"::numeric(21, 6) as base, l."observedAt"::timestamptz as observed_at
    from stock_item i,
         jsonb_to_recordset(i.levels) as l(location text, status text, owner text, lot text, "onHand" text, "base" text, "observedAt" text);

create view stock_commitment as
  select i.company, i.sku, c.location, c."dueAt" as due_at, c.channel, c.quantity::numeric(21, 6) as quantity
    from stock_item i, jsonb_to_recordset(i.commitments) as c(location text, "dueAt" text, channel text, quantity text);

create view stock_inbound as
  select i.company, i.sku, b.document, b.line, b.location, b.quantity::numeric(21, 6) as quantity, b."dueAt"::timestamptz as due_at
    from stock_item i, jsonb_to_recordset(i.inbound) as b(document text, line text, location text, quantity text, "dueAt" text);

-- ── Order ──────────────────────────────────────────────────────────────────────────────────────────
create table sales_order (
  company text collate "C" not null,
  order_id text collate "C" not null,
  applied_seq bigint not null default 0,
  held_seq bigint,
  status text collate "C" not null,
  channel text collate "C" not null,
  customer_id text collate "C" not null,
  purchase_order text collate "C",
  currency text collate "C" not null,
  placed_at timestamptz not null,
  state jsonb not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (company, order_id)
) with (fillfactor = 70);
create index sales_order_purchase on sales_order (company, customer_id, purchase_order) where purchase_order is not null;
create index sales_order_status on sales_order (status, placed_at);

-- What was applied of a key that has no state row of its own: a location's sets, facts of an unknown order.
create table key_position (
  key text collate "C" primary key,
  applied_seq bigint not null default 0,
  held_seq bigint
);

-- A durable command that is due at a time: a reservation's expiry, a backorder's next look, a deadline.
create table task (
  kind text collate "C" not null,
  key text collate "C" not null,
  due_at timestamptz not null,
  payload jsonb not null default '{}',
  attempts integer not null default 0,
  primary key (kind, key)
);
create index task_due on task (due_at);

-- Answers to commands, kept in the command's transaction.
create table idempotency (
  client text collate "C" not null,
  key text collate "C" not null,
  request bigint not null,
  status smallint not null,
  -- the bytes that were answered: jsonb would put the keys into an order of its own
  answer text not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (client, key)
);

-- ── Delivery ───────────────────────────────────────────────────────────────────────────────────────
create sequence delivery_id;

-- Hot: only what is not settled. id is drawn while the lane's root row is locked, so it orders the lane.
create table delivery (
  id bigint not null,
  target text collate "C" not null,
  lane text collate "C" not null,
  class smallint not null,
  type text collate "C" not null,
  flow text collate "C" not null,
  -- the business key that is looked up after an unknown outcome, and the idempotency key where the target has one
  key text collate "C" not null,
  -- newest wins: a later one of the same type and key replaces it while nothing of it has left
  merge boolean not null,
  -- parked: a person decides; referring: the target lacks what it names; behind: waits for one of these two
  state text collate "C" not null default 'waiting' check (state in ('waiting', 'parked', 'behind', 'referring')),
  cause_seq bigint not null,
  correlation_id text collate "C",
  created_at timestamptz not null default clock_timestamp(),
  due_at timestamptz,
  attempts integer not null default 0,
  -- claims up to this one have been answered: the message is known not to have taken effect by them
  answered_claim bigint not null default 0,
  -- a replay: look for it in the target before it is sent
  verify boolean not null default false,
  reason text,
  -- the fingerprint of the exception that it is part of
  problem text collate "C",
  -- [{domain, key}] that the target must hold first
  requires jsonb,
  payload json not null
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
-- What is loaded next: oldest waiting of one target and class, never looking at what is parked or behind it.
create index delivery_waiting on delivery (target, class, id) where state = 'waiting';
create index delivery_lane on delivery (target, lane, id);
create index delivery_unsettled on delivery (target, state, id) where state <> 'waiting';
-- Last, as event_seq is: what is settled is found by it, not by reading through the lanes.
alter table delivery add primary key (id);

-- What has left, or is about to, for targets that do not bear repetition: one row a group, committed before
-- the first byte. A delivery that is still unsettled after its claim's owner died has an unknown outcome.
create table delivery_claim (
  id bigint generated always as identity primary key,
  target text collate "C" not null,
  epoch bigint not null,
  -- no send of the group starts later
  until timestamptz not null,
  ids bigint[] not null
) with (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 2000);
create index delivery_claim_target on delivery_claim (target);

create table delivery_done (
  id bigint not null,
  day date not null,
  target text collate "C" not null,
  lane text collate "C" not null,
  class smallint not null,
  type text collate "C" not null,
  flow text collate "C" not null,
  key text collate "C" not null,
  outcome text collate "C" not null check (outcome in ('delivered', 'merged', 'skipped')),
  cause_seq bigint not null,
  correlation_id text collate "C",
  created_at timestamptz not null,
  settled_at timestamptz not null,
  attempts integer not null,
  duration_ms real,
  -- the document number or version that the target answered
  reference text,
  reason text,
  payload json not null
) partition by range (day);
create index delivery_done_lane on delivery_done (lane, id);
create index delivery_done_id on delivery_done (id);
-- Documents that a target acknowledged, in the order in which it did.
create index delivery_done_document on delivery_done (target, settled_at)
 where type in ('order.booking', 'order.release') and outcome = 'delivered';

-- Failures only; a first-try success is columns on the settled row.
create table delivery_attempt (
  delivery_id bigint not null,
  day date not null,
  attempt integer not null,
  started_at timestamptz not null,
  duration_ms real not null,
  answer text collate "C" not null,
  reason text,
  primary key (day, delivery_id, attempt)
) partition by range (day);
create index delivery_attempt_id on delivery_attempt (delivery_id);

-- routed = delivered + merged + skipped + parked + waiting. The first four are counted where they happen, by
-- rows that are only ever inserted, so that no two transactions meet at a counter; parked and waiting are
-- counted off the hot table. Tallies are summed into delivery_count from time to time.
create table delivery_tally (
  target text collate "C" not null,
  flow text collate "C" not null,
  day date not null,
  outcome text collate "C" not null,
  count integer not null
) with (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 10000);
create table delivery_count (
  target text collate "C" not null,
  flow text collate "C" not null,
  day date not null,
  outcome text collate "C" not null check (outcome in ('routed', 'delivered', 'merged', 'skipped')),
  count bigint not null,
  primary key (target, flow, day, outcome)
);

-- What a target already holds: the native id of a canonical object.
create table reference (
  target text collate "C" not null,
  domain text collate "C" not null,
  key text collate "C" not null,
  native_id text collate "C" not null,
  known_at timestamptz not null default clock_timestamp(),
  primary key (target, domain, key)
);
create index reference_native on reference (target, domain, native_id);

-- ── Exceptions ─────────────────────────────────────────────────────────────────────────────────────
create table exception (
  id uuid primary key,
  fingerprint text collate "C" not null,
  code text collate "C" not null,
  category text collate "C" not null,
  system text collate "C",
  domain text collate "C" not null,
  key text collate "C" not null,
  title text not null,
  detail jsonb not null,
  owner text collate "C" not null,
  money_at_risk numeric(21, 6) not null default 0,
  currency text collate "C",
  occurrences bigint not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null,
  resolved_at timestamptz,
  resolution text
);
create unique index exception_open on exception (fingerprint) where resolved_at is null;
create index exception_key on exception (key);

-- ── Codes ──────────────────────────────────────────────────────────────────────────────────────────
-- One row, locked by who changes codes: versions are dense, and who reads compares one number.
create table code_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null
);
insert into code_version (version) values (0);

create table code_entry (
  system text collate "C" not null,
  code_table text collate "C" not null,
  -- in: the system's code is looked up and ours is meant; out: the other way
  direction text collate "C" not null check (direction in ('in', 'out')),
  code text collate "C" not null,
  means text collate "C" not null,
  -- of its last change
  version bigint not null,
  primary key (system, code_table, direction, code)
);

-- Every change of an entry; what was changed together has one version.
create table code_change (
  version bigint not null,
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null,
  system text collate "C" not null,
  code_table text collate "C" not null,
  direction text collate "C" not null,
  code text collate "C" not null,
  -- null: there was none, there is none any more
  was text collate "C",
  means text collate "C",
  primary key (version, system, code_table, direction, code)
);
create index code_change_entry on code_change (system, code_table, direction, code, version);

-- Receipts that failed for codes which no table knew, by the fingerprints of the exceptions that hold them back.
create table unmapped_receipt (
  problem text collate "C" not null,
  receipt_id uuid not null,
  -- what the message is about
  keys text[] not null,
  primary key (problem, receipt_id)
);
create index unmapped_receipt_id on unmapped_receipt (receipt_id);

-- ── The cluster ────────────────────────────────────────────────────────────────────────────────────
create table node (
  id uuid primary key,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  configuration_revision integer not null,
  version text not null
);

-- Ownership of a target system or a share of the projection; the epoch fences what an old owner claimed.
create table lease (
  name text collate "C" primary key,
  owner uuid,
  epoch bigint not null default 0,
  expires_at timestamptz not null default '-infinity'
);

create table projection_position (
  partition smallint primary key,
  seq bigint not null,
  day date not null default '2000-01-01'
);
insert into projection_position (partition, seq) select p, 0 from generate_series(0, 63) p;

create table configuration (
  revision integer primary key,
  hash text collate "C" not null unique,
  summary jsonb not null,
  applied_at timestamptz not null default clock_timestamp()
);

create table api_key (
  id uuid primary key,
  name text collate "C" not null unique,
  hash bytea not null unique,
  scopes text[] not null,
  -- the system that this key speaks for, where it is a system's key
  system text collate "C",
  created_at timestamptz not null default clock_timestamp(),
  revoked_at timestamptz
);

-- The partitions of one day, made by whoever needs them first.
create function ensure_day(wanted date) returns void language plpgsql as $$
declare
  parent text;
begin
  foreach parent in array array['event', 'receipt', 'stock_movement', 'delivery_done', 'delivery_attempt'] loop
    if to_regclass(format('%I', parent || '_' || to_char(wanted, 'YYYYMMDD'))) is null then
      -- serializes two nodes that make the same day
      perform pg_advisory_xact_lock(hashtext('crossdock ensure_day'));
      execute format('create table if not exists %I partition of %I for values from (%L) to (%L)',
        parent || '_' || to_char(wanted, 'YYYYMMDD'), parent, wanted, wanted + 1);
    end if;
  end loop;
end $$;
