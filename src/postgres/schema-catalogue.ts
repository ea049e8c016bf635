// One query a kind of object: each row is a statement that makes one, ordered by name. What belongs to an extension
// or to a partition is left out. They read only what PostgreSQL 15 has.

const ours = "current_schema()::regnamespace";

const notOfExtension = (catalogue: string, oid: string) =>
  `not exists (select from pg_depend e where e.classid = '${catalogue}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;

/** The options of a sequence that differ from those of a plain one. */
const sequenceOptions = `concat(
  case when s.seqincrement <> 1 then format(' increment by %s', s.seqincrement) end,
  case when s.seqmin <> 1 then format(' minvalue %s', s.seqmin) end,
  case when s.seqmax <> case s.seqtypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647
                             else 9223372036854775807 end then format(' maxvalue %s', s.seqmax) end,
  case when s.seqstart <> s.seqmin then format(' start with %s', s.seqstart) end,
  case when s.seqcache <> 1 then format(' cache %s', s.seqcache) end,
  case when s.seqcycle then ' cycle' end)`;

export const extensions = `
  select format('create extension if not exists %I', extname) as sql
    from pg_extension where extname <> 'plpgsql' order by extname collate "C"`;

export const types = `
  select case t.typtype
           when 'e' then format('create type %I as enum (%s)', t.typname,
             (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid))
           else format('create domain %I as %s', t.typname, format_type(t.typbasetype, t.typtypmod))
             || coalesce((select ' collate ' || quote_ident(c.collname) from pg_collation c join pg_type b on b.oid = t.typbasetype
                           where c.oid = t.typcollation and t.typcollation <> b.typcollation), '')
             || coalesce(' default ' || t.typdefault, '')
             || case when t.typnotnull then ' not null' else '' end
             || coalesce((select string_agg(format(' constraint %I %s', conname, pg_get_constraintdef(oid)), '' order by conname)
                            from pg_constraint where contypid = t.oid and contype = 'c'), '')
         end as sql
    from pg_type t
   where t.typnamespace = ${ours} and t.typtype in ('e', 'd') and ${notOfExtension("pg_type", "t.oid")}
   order by t.typtype desc, t.typname collate "C"`;

/** But for those of identity columns, which come with their column. */
export const sequences = `
  select format('create sequence %I as %s', c.relname, format_type(s.seqtypid, null)) || ${sequenceOptions} as sql
    from pg_class c join pg_sequence s on s.seqrelid = c.oid
   where c.relnamespace = ${ours} and ${notOfExtension("pg_class", "c.oid")}
     and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i')
   order by c.relname collate "C"`;

export const sequenceOwners = `
  select format('alter sequence %I owned by %I.%I', c.relname, t.relname, a.attname) as sql
    from pg_class c
    join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'a' and d.refobjsubid > 0
    join pg_class t on t.oid = d.refobjid
    join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
   where c.relkind = 'S' and c.relnamespace = ${ours}
   order by c.relname collate "C"`;

const column = `format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
  || coalesce((select ' collate ' || quote_ident(k.collname) from pg_collation k
                where k.oid = a.attcollation and a.attcollation <> ty.typcollation), '')
  || case a.attcompression when 'p' then ' compression pglz' when 'l' then ' compression lz4' else '' end
  || case when a.attidentity <> '' then
       format(' generated %s as identity', case a.attidentity when 'a' then 'always' else 'by default' end)
       || coalesce((select ' (' || nullif(trim(${sequenceOptions}), '') || ')' from pg_sequence s
                     where s.seqrelid = pg_get_serial_sequence(quote_ident(c.relname), a.attname)::regclass), '')
     when a.attgenerated <> '' then
       format(' generated always as (%s)%s', pg_get_expr(d.adbin, d.adrelid), case a.attgenerated when 's' then ' stored' else '' end)
     when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid)
     else '' end
  || case when a.attnotnull then ' not null' else '' end`;

/** Foreign keys come later, when every table is there; not-null stands with its column. */
const constraint = `format('  constraint %I %s', n.conname, pg_get_constraintdef(n.oid))`;

export const tables = `
  select format(E'create table %I (\\n%s\\n)', c.relname, concat_ws(E',\\n',
           (select string_agg(${column}, E',\\n' order by a.attnum)
              from pg_attribute a join pg_type ty on ty.oid = a.atttypid
              left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
           (select string_agg(${constraint}, E',\\n' order by array_position(array['p', 'u', 'x', 'c'], n.contype::text), n.conname collate "C")
              from pg_constraint n where n.conrelid = c.oid and n.contype in ('p', 'u', 'x', 'c'))))
         || case when c.relkind = 'p' then ' partition by ' || pg_get_partkeydef(c.oid) else '' end
         || coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', '') as sql
    from pg_class c
   where c.relnamespace = ${ours} and c.relkind in ('r', 'p') and not c.relispartition and ${notOfExtension("pg_class", "c.oid")}
   order by c.relname collate "C"`;

export const columnStorage = `
  select format('alter table %I alter column %I set storage %s', c.relname, a.attname,
           case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end) as sql
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
   where c.relnamespace = ${ours} and c.relkind in ('r', 'p') and not c.relispartition and a.attstorage <> t.typstorage
   order by c.relname collate "C", a.attnum`;

/** Without the schema's name, and without ONLY, which speaks of the partitions that are left out. */
export const indexes = `
  select regexp_replace(pg_get_indexdef(i.indexrelid), ' ON (ONLY )?[^ .]+[.]', ' ON ') as sql
    from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
   where c.relnamespace = ${ours} and not c.relispartition and c.relkind in ('r', 'p', 'm') and ${notOfExtension("pg_class", "c.oid")}
     and not exists (select from pg_constraint n where n.conindid = i.indexrelid and n.contype in ('p', 'u', 'x'))
   order by c.relname collate "C", x.relname collate "C"`;

export const statistics = `
  select pg_get_statisticsobjdef(oid) as sql
    from pg_statistic_ext where stxnamespace = ${ours} order by stxname collate "C"`;

/** Without parents: those are what a partitioned table's key makes for its partitions. */
export const foreignKeys = `
  select format(E'alter table %I\\n  add constraint %I %s', c.relname, n.conname, pg_get_constraintdef(n.oid)) as sql
    from pg_constraint n join pg_class c on c.oid = n.conrelid
   where n.connamespace = ${ours} and n.contype = 'f' and n.conparentid = 0 and not c.relispartition
   order by c.relname collate "C", n.conname collate "C"`;

/** A view may read another one: those made first stand first. */
export const views = `
  select format(E'create %sview %I as\\n%s', case c.relkind when 'm' then 'materialized ' else '' end, c.relname,
                rtrim(pg_get_viewdef(c.oid, true), ';')) as sql
    from pg_class c
   where c.relnamespace = ${ours} and c.relkind in ('v', 'm') and ${notOfExtension("pg_class", "c.oid")}
   order by (with recursive below (view, depth) as (
               select c.oid, 0
               union
               select d.refobjid, b.depth + 1
                 from below b join pg_rewrite r on r.ev_class = b.view
                 join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
                 join pg_class v on v.oid = d.refobjid and v.relkind in ('v', 'm') and v.oid <> b.view
             ) select max(depth) from below), c.relname collate "C"`;

/** Functions that a table's default, check, index or generated column calls. */
const calledByTables = `exists (
  select from pg_depend d where d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid
     and d.classid in ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_class'::regclass))`;

const functions = (condition: string) => `
  select regexp_replace(pg_get_functiondef(p.oid), '^(CREATE OR REPLACE [A-Z]+ )[^ .(]+[.]', '\\1') as sql
    from pg_proc p
   where p.pronamespace = ${ours} and p.prokind in ('f', 'p') and ${notOfExtension("pg_proc", "p.oid")} and ${condition}
   order by p.proname collate "C", pg_get_function_identity_arguments(p.oid) collate "C"`;

export const functionsBeforeTables = functions(calledByTables);
export const functionsAfterTables = functions(`not ${calledByTables}`);

export const triggers = `
  select pg_get_triggerdef(t.oid) as sql
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
   where c.relnamespace = ${ours} and not t.tgisinternal and t.tgparentid = 0 and not c.relispartition
   order by c.relname collate "C", t.tgname collate "C"`;

export const comments = `
  select format('comment on %s is %L', case when d.objsubid > 0
           then format('column %I.%I', c.relname, a.attname)
           else format('%s %I', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, c.relname) end,
         d.description) as sql
    from pg_description d
    join pg_class c on d.classoid = 'pg_class'::regclass and c.oid = d.objoid
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
   where c.relnamespace = ${ours} and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
   order by c.relname collate "C", d.objsubid`;
