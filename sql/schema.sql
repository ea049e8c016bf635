-- Drawn from the catalogue; do not edit. Partitions, which the running system makes and drops, are left out.
set check_function_bodies = off;

create sequence delivery_id as bigint;

create table api_key (
  id uuid not null,
  name text collate "C" not null,
  hash bytea not null,
  scopes text[] not null,
  system text collate "C",
  created_at timestamp with time zone default clock_timestamp() not null,
  revoked_at timestamp with time zone,
  constraint api_key_pkey PRIMARY KEY (id),
  constraint api_key_hash_key UNIQUE (hash),
  constraint api_key_name_key UNIQUE (name)
);

create table census (
  system text collate "C" not null,
  domain text collate "C" not null,
  since timestamp with time zone not null,
  witnessed_until timestamp with time zone,
  looked_at timestamp with time zone not null,
  held integer not null,
  missing text[] not null,
  surplus text[] not null,
  lost_since timestamp with time zone,
  failure text,
  constraint census_pkey PRIMARY KEY (system, domain)
);

create table code_change (
  version bigint not null,
  changed_at timestamp with time zone default clock_timestamp() not null,
  changed_by text not null,
  system text collate "C" not null,
  code_table text collate "C" not null,
  direction text collate "C" not null,
  code text collate "C" not null,
  was text collate "C",
  means text collate "C",
  constraint code_change_pkey PRIMARY KEY (version, system, code_table, direction, code)
);

create table code_entry (
  system text collate "C" not null,
  code_table text collate "C" not null,
  direction text collate "C" not null,
  code text collate "C" not null,
  means text collate "C" not null,
  version bigint not null,
  constraint code_entry_pkey PRIMARY KEY (system, code_table, direction, code),
  constraint code_entry_direction_check CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text])))
);

create table code_version (
  only_row boolean default true not null,
  version bigint not null,
  constraint code_version_pkey PRIMARY KEY (only_row),
  constraint code_version_only_row_check CHECK (only_row)
);

create table configuration (
  revision integer not null,
  hash text collate "C" not null,
  summary jsonb not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  constraint configuration_pkey PRIMARY KEY (revision),
  constraint configuration_hash_key UNIQUE (hash)
);

create table delivery (
  id bigint not null,
  target text collate "C" not null,
  lane text collate "C" not null,
  class smallint not null,
  type text collate "C" not null,
  flow text collate "C" not null,
  key text collate "C" not null,
  merge boolean not null,
  state text collate "C" default 'waiting'::text not null,
  cause_seq bigint not null,
  correlation_id text collate "C",
  created_at timestamp with time zone default clock_timestamp() not null,
  due_at timestamp with time zone,
  attempts integer default 0 not null,
  answered_claim bigint default 0 not null,
  verify boolean default false not null,
  reason text,
  problem text collate "C",
  requires jsonb,
  payload json not null,
  constraint delivery_pkey PRIMARY KEY (id),
  constraint delivery_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'parked'::text, 'behind'::text, 'referring'::text])))
) with (fillfactor=80, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=5000);

create table delivery_attempt (
  delivery_id bigint not null,
  day date not null,
  attempt integer not null,
  started_at timestamp with time zone not null,
  duration_ms real not null,
  answer text collate "C" not null,
  reason text,
  constraint delivery_attempt_pkey PRIMARY KEY (day, delivery_id, attempt)
) partition by RANGE (day);

create table delivery_claim (
  id bigint generated always as identity not null,
  target text collate "C" not null,
  epoch bigint not null,
  until timestamp with time zone not null,
  ids bigint[] not null,
  constraint delivery_claim_pkey PRIMARY KEY (id)
) with (autovacuum_vacuum_scale_factor=0.1, autovacuum_vacuum_threshold=2000);

create table delivery_count (
  target text collate "C" not null,
  flow text collate "C" not null,
  day date not null,
  outcome text collate "C" not null,
  count bigint not null,
  constraint delivery_count_pkey PRIMARY KEY (target, flow, day, outcome),
  constraint delivery_count_outcome_check CHECK ((outcome = ANY (ARRAY['routed'::text, 'delivered'::text, 'merged'::text, 'skipped'::text])))
);

create table delivery_done (
  id bigint not null,
  day date not null,
  target text collate "C" not null,
  lane text collate "C" not null,
  class smallint not null,
  type text collate "C" not null,
  flow text collate "C" not null,
  key text collate "C" not null,
  outcome text collate "C" not null,
  cause_seq bigint not null,
  correlation_id text collate "C",
  created_at timestamp with time zone not null,
  settled_at timestamp with time zone not null,
  attempts integer not null,
  duration_ms real,
  reference text,
  reason text,
  payload json not null,
  constraint delivery_done_outcome_check CHECK ((outcome = ANY (ARRAY['delivered'::text, 'merged'::text, 'skipped'::text])))
) partition by RANGE (day);

create table delivery_tally (
  target text collate "C" not null,
  flow text collate "C" not null,
  day date not null,
  outcome text collate "C" not null,
  count integer not null
) with (autovacuum_vacuum_scale_factor=0.1, autovacuum_vacuum_threshold=10000);

create table event (
  seq bigint not null,
  day date not null,
  recorded_at timestamp with time zone not null,
  id uuid not null,
  type text collate "C" not null,
  source text collate "C" not null,
  company text collate "C" not null,
  key text collate "C" not null,
  partition smallint not null,
  occurred_at timestamp with time zone not null,
  decided boolean not null,
  cause_seq bigint,
  after_seq bigint,
  receipt_id uuid,
  correlation_id text collate "C",
  traceparent text collate "C",
  data json not null
) partition by RANGE (day);

create table exception (
  id uuid not null,
  fingerprint text collate "C" not null,
  code text collate "C" not null,
  category text collate "C" not null,
  system text collate "C",
  domain text collate "C" not null,
  key text collate "C" not null,
  title text not null,
  detail jsonb not null,
  owner text collate "C" not null,
  money_at_risk numeric(21,6) default 0 not null,
  currency text collate "C",
  occurrences bigint default 1 not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  resolved_at timestamp with time zone,
  resolution text,
  constraint exception_pkey PRIMARY KEY (id)
);

create table idempotency (
  client text collate "C" not null,
  key text collate "C" not null,
  request bigint not null,
  status smallint not null,
  answer text not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint idempotency_pkey PRIMARY KEY (client, key)
);

create table identity (
  epoch integer not null,
  hash uuid not null,
  content bigint not null,
  constraint identity_pkey PRIMARY KEY (epoch, hash)
) partition by LIST (epoch);

create table identity_epoch (
  epoch integer not null,
  opened_at timestamp with time zone default clock_timestamp() not null,
  sealed_at timestamp with time zone,
  identities bigint default 0 not null,
  filter bytea,
  constraint identity_epoch_pkey PRIMARY KEY (epoch)
);

create table intake (
  system text collate "C" not null,
  day date not null,
  received bigint default 0 not null,
  recorded bigint default 0 not null,
  duplicate bigint default 0 not null,
  conflict bigint default 0 not null,
  rejected bigint default 0 not null,
  native_mapped bigint default 0 not null,
  native_ignored bigint default 0 not null,
  native_failed bigint default 0 not null,
  native_duplicate bigint default 0 not null,
  last_at timestamp with time zone,
  constraint intake_pkey PRIMARY KEY (system, day)
);

create table key_position (
  key text collate "C" not null,
  applied_seq bigint default 0 not null,
  held_seq bigint,
  constraint key_position_pkey PRIMARY KEY (key)
);

create table lease (
  name text collate "C" not null,
  owner uuid,
  epoch bigint default 0 not null,
  expires_at timestamp with time zone default '-infinity'::timestamp with time zone not null,
  constraint lease_pkey PRIMARY KEY (name)
);

create table log_head (
  only_row boolean default true not null,
  seq bigint not null,
  constraint log_head_pkey PRIMARY KEY (only_row),
  constraint log_head_only_row_check CHECK (only_row)
);

create table node (
  id uuid not null,
  started_at timestamp with time zone default clock_timestamp() not null,
  heartbeat_at timestamp with time zone default clock_timestamp() not null,
  configuration_revision integer not null,
  version text not null,
  constraint node_pkey PRIMARY KEY (id)
);

create table poll_cursor (
  system text collate "C" not null,
  poll text collate "C" not null,
  cursor text,
  updated_at timestamp with time zone default clock_timestamp() not null,
  constraint poll_cursor_pkey PRIMARY KEY (system, poll)
);

create table projection_position (
  partition smallint not null,
  seq bigint not null,
  day date default '2000-01-01'::date not null,
  constraint projection_position_pkey PRIMARY KEY (partition)
);

create table receipt (
  id uuid not null,
  day date not null,
  system text collate "C" not null,
  topic text collate "C" not null,
  native_id text collate "C" not null,
  received_at timestamp with time zone not null,
  content_type text collate "C" not null,
  body bytea not null,
  outcome text collate "C" not null,
  mapping_revision integer not null,
  events integer not null,
  reason text,
  constraint receipt_pkey PRIMARY KEY (day, id),
  constraint receipt_outcome_check CHECK ((outcome = ANY (ARRAY['mapped'::text, 'ignored'::text, 'failed'::text])))
) partition by RANGE (day);

create table reference (
  target text collate "C" not null,
  domain text collate "C" not null,
  key text collate "C" not null,
  native_id text collate "C" not null,
  known_at timestamp with time zone default clock_timestamp() not null,
  constraint reference_pkey PRIMARY KEY (target, domain, key)
);

create table refused_event (
  id uuid not null,
  system text collate "C" not null,
  received_at timestamp with time zone default clock_timestamp() not null,
  outcome text collate "C" not null,
  reason jsonb not null,
  body text not null,
  constraint refused_event_pkey PRIMARY KEY (id),
  constraint refused_event_outcome_check CHECK ((outcome = ANY (ARRAY['conflict'::text, 'rejected'::text])))
);

create table reservation (
  company text collate "C" not null,
  order_id text collate "C" not null,
  line_id text collate "C" not null,
  sku text collate "C" not null,
  location text collate "C" not null,
  quantity numeric(21,6) not null,
  kind text collate "C" not null,
  made_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  due_at timestamp with time zone,
  netted jsonb,
  priority smallint default 0 not null,
  channel text collate "C",
  constraint reservation_pkey PRIMARY KEY (order_id, company, line_id, sku, location),
  constraint reservation_kind_check CHECK ((kind = ANY (ARRAY['firm'::text, 'expiring'::text, 'backorder'::text]))),
  constraint reservation_quantity_check CHECK ((quantity > (0)::numeric))
);

create table sales_order (
  company text collate "C" not null,
  order_id text collate "C" not null,
  applied_seq bigint default 0 not null,
  held_seq bigint,
  status text collate "C" not null,
  channel text collate "C" not null,
  customer_id text collate "C" not null,
  purchase_order text collate "C",
  currency text collate "C" not null,
  placed_at timestamp with time zone not null,
  state jsonb not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  constraint sales_order_pkey PRIMARY KEY (company, order_id)
) with (fillfactor=70);

create table schema_migration (
  level integer not null,
  name text not null,
  checksum text not null,
  oldest_node integer not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  constraint schema_migration_pkey PRIMARY KEY (level)
);

create table stock_item (
  company text collate "C" not null,
  sku text collate "C" not null,
  unit text collate "C" not null,
  ratios jsonb default '{}'::jsonb not null,
  applied_seq bigint default 0 not null,
  held_seq bigint,
  levels jsonb default '[]'::jsonb not null,
  inbound jsonb default '[]'::jsonb not null,
  commitments jsonb default '[]'::jsonb not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  constraint stock_item_pkey PRIMARY KEY (company, sku)
) with (fillfactor=60);

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
  quantity numeric(21,6) not null,
  reason text collate "C" not null,
  occurred_at timestamp with time zone not null,
  sequence numeric(30,0),
  document text collate "C" not null,
  netted jsonb,
  source text collate "C" not null
) partition by RANGE (day);

create table task (
  kind text collate "C" not null,
  key text collate "C" not null,
  due_at timestamp with time zone not null,
  payload jsonb default '{}'::jsonb not null,
  attempts integer default 0 not null,
  constraint task_pkey PRIMARY KEY (kind, key)
);

create table unmapped_receipt (
  problem text collate "C" not null,
  receipt_id uuid not null,
  keys text[] not null,
  constraint unmapped_receipt_pkey PRIMARY KEY (problem, receipt_id)
);

CREATE OR REPLACE FUNCTION ensure_day(wanted date)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION record_events(last_sealed integer, ids uuid[], types text[], sources text[], companies text[], keys text[], partitions smallint[], times timestamp with time zone[], receipts uuid[], correlations text[], traces text[], texts text[], hashes uuid[], contents bigint[], OUT unknown_epoch boolean, OUT base bigint, OUT appended_at timestamp with time zone, OUT outcomes smallint[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE INDEX code_change_entry ON code_change USING btree (system, code_table, direction, code, version);
CREATE INDEX delivery_lane ON delivery USING btree (target, lane, id);
CREATE INDEX delivery_unsettled ON delivery USING btree (target, state, id) WHERE (state <> 'waiting'::text);
CREATE INDEX delivery_waiting ON delivery USING btree (target, class, id) WHERE (state = 'waiting'::text);
CREATE INDEX delivery_attempt_id ON delivery_attempt USING btree (delivery_id);
CREATE INDEX delivery_claim_target ON delivery_claim USING btree (target);
CREATE INDEX delivery_done_document ON delivery_done USING btree (target, settled_at) WHERE ((type = ANY (ARRAY['order.booking'::text, 'order.release'::text])) AND (outcome = 'delivered'::text));
CREATE INDEX delivery_done_id ON delivery_done USING btree (id);
CREATE INDEX delivery_done_lane ON delivery_done USING btree (lane, id);
CREATE INDEX event_decision ON event USING btree (key, seq) WHERE decided;
CREATE INDEX event_fact ON event USING btree (key, seq) WHERE (NOT decided);
CREATE INDEX event_seq ON event USING btree (seq);
CREATE INDEX exception_key ON exception USING btree (key);
CREATE UNIQUE INDEX exception_open ON exception USING btree (fingerprint) WHERE (resolved_at IS NULL);
CREATE INDEX receipt_id ON receipt USING btree (id);
CREATE INDEX reference_native ON reference USING btree (target, domain, native_id);
CREATE INDEX refused_event_system ON refused_event USING btree (system, received_at);
CREATE INDEX reservation_sku ON reservation USING btree (sku, company, location);
CREATE INDEX sales_order_purchase ON sales_order USING btree (company, customer_id, purchase_order) WHERE (purchase_order IS NOT NULL);
CREATE INDEX sales_order_status ON sales_order USING btree (status, placed_at);
CREATE INDEX stock_movement_sku ON stock_movement USING btree (company, sku, occurred_at);
CREATE INDEX task_due ON task USING btree (due_at);
CREATE INDEX unmapped_receipt_id ON unmapped_receipt USING btree (receipt_id);

create view stock_commitment as
 SELECT i.company,
    i.sku,
    c.location,
    c."dueAt" AS due_at,
    c.channel,
    c.quantity::numeric(21,6) AS quantity
   FROM stock_item i,
    LATERAL jsonb_to_recordset(i.commitments) c(location text, "dueAt" text, channel text, quantity text);

create view stock_inbound as
 SELECT i.company,
    i.sku,
    b.document,
    b.line,
    b.location,
    b.quantity::numeric(21,6) AS quantity,
    b."dueAt"::timestamp with time zone AS due_at
   FROM stock_item i,
    LATERAL jsonb_to_recordset(i.inbound) b(document text, line text, location text, quantity text, "dueAt" text);

create view stock_level as
 SELECT i.company,
    i.sku,
    i.unit,
    l.location,
    l.status,
    l.owner,
    l.lot,
    l."onHand"::numeric(21,6) AS on_hand,
    l.base::numeric(21,6) AS base,
    l."observedAt"::timestamp with time zone AS observed_at
   FROM stock_item i,
    LATERAL jsonb_to_recordset(i.levels) l(location text, status text, owner text, lot text, "onHand" text, base text, "observedAt" text);
