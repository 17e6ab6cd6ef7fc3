-- contract: YAML and JSON become one document, by YAML 1.2's core schema and nothing older; what
-- the standard allows is accepted, oddities with a notice.

-- YAML and JSON of the same contract are the same document
SELECT datamesh.parse_contract($$
apiVersion: v3.1.0
kind: DataContract
id: orders-1
version: 1.0.0
status: draft
schema:
  - name: orders
    properties:
      - name: id
        logicalType: integer
        primaryKey: true
$$) = datamesh.parse_contract($$
{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "orders-1", "version": "1.0.0",
 "status": "draft",
 "schema": [{"name": "orders", "properties":
   [{"name": "id", "logicalType": "integer", "primaryKey": true}]}]}
$$) AS same;

-- what scalars are: only YAML 1.2's null, booleans and numbers are not text
CREATE FUNCTION pg_temp.scalar(yaml text) RETURNS jsonb LANGUAGE sql AS
$f$
SELECT datamesh.parse_contract(
    E'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: draft\nother: ' || yaml)
    -> 'other'
$f$;
SELECT yaml, pg_temp.scalar(yaml), jsonb_typeof(pg_temp.scalar(yaml))
FROM unnest(ARRAY['', '~', 'null', 'Null', 'NULL', 'nULL', 'true', 'True', 'TRUE', 'tRUE', 'yes', 'no',
    'on', 'off', 'y', 'n', '0', '-0', '+12', '12', '1.10', '-.5', '1.', '1e3', '1E-3', '0o17', '0x1F',
    '0b11', '1_000', '12:30:45', '2024-01-31', '2024-01-31T10:00:00Z', '1.2.3', '.', '-x', '+', 'e3',
    '"12"', '''true''', '!!str 12', '!!int 12', '!!float 12', '!!bool true', '!!null ""', '! 12',
    '123456789012345678901234567890.123456789', '0xFFFFFFFFFFFFFFFF', '[]', '{}', '[a, {b: c}]']) AS yaml;
-- needless zeros are read as YAML 1.2 says, but not in silence
SELECT pg_temp.scalar('012'), pg_temp.scalar('-007.5');

-- text: folded, literal, escaped, multi-byte
SELECT pg_temp.scalar(E'|\n  one\n  two\n'), pg_temp.scalar(E'|-\n  one\n   two\n'),
       pg_temp.scalar(E'>\n  one\n  two\n'), pg_temp.scalar(E'"a\\tb\\u00e9\\U0001F600"'),
       pg_temp.scalar(E'"größe 数"');

-- anchors are written out
SELECT pg_temp.scalar(E'[&a {x: 1}, *a, *a]');
-- a key that looks like nothing else is a key; "<<" in quotes is one too
SELECT pg_temp.scalar(E'{on: 1, no: 2, "1": 3, "<<": 4, "null": 5}');

-- every part of the standard at once, oddities included: all of it is accepted
SELECT jsonb_array_length(datamesh.parse_contract($$
apiVersion: v3.2.0
kind: DataContract
id: 53581432-6c55-4ba2-a65f-72344a91553a
name: orders
version: 2.0.0-rc.1+build.5
status: active
domain: sales
dataProduct: orders
tenant: ClimateQuantumInc
tags: [transactions, payments]
description:
  purpose: Views built on top of the orders.
  limitations: Data based on orders alone.
  usage: Reports.
  authoritativeDefinitions: [{url: https://example.com/orders, type: businessDefinition}]
servers:
  - {server: here, type: postgres, host: localhost, port: 5432, database: shop, schema: sales}
  - {server: there, type: custom, location: https://example.com, stage: x}
schema:
  - name: orders
    physicalName: sales_internal.orders
    physicalType: table
    businessName: Orders
    dataGranularityDescription: one row for each order
    authoritativeDefinitions: []
    properties:
      - id: order_id_prop
        name: id
        logicalType: integer
        logicalTypeOptions: {minimum: 0, exclusiveMaximum: 1e12, multipleOf: 1, format: i64}
        physicalType: bigint
        primaryKey: true
        primaryKeyPosition: 1
        required: true
        unique: true
        classification: internal
        criticalDataElement: true
        examples: [1, 2, null, x]
        semanticType: identifier
      - name: country
        logicalType: string
        logicalTypeOptions: {minLength: 2, maxLength: 2, pattern: "^[A-Z]{2}$", format: iso}
        partitioned: true
        partitionKeyPosition: 1
        encryptedName: country_enc
        transformSourceObjects: [raw.orders]
        transformLogic: upper(country)
        transformDescription: upper case
        relationships: [{to: countries.code}]
        customProperties:
          - {property: datamesh.mask, value: {function: mask_partial, prefix: 1}}
          - {property: somebody.elses, value: [1, {two: 3}]}
        quality:
          - {metric: nullValues, mustBe: 0, unit: rows, severity: error, dimension: completeness}
          - {metric: missingValues, mustBeLessThan: 5, unit: percent, arguments: {missingValues: ["", n/a, null, 0]}}
          - {metric: invalidValues, mustBeLessOrEqualTo: 0.5, arguments: {validValues: [DE, FR], pattern: "^[A-Z]+$"}}
          - {metric: invalidValues, mustBe: 0, pattern: "^[A-Z]+$"}
          - {metric: duplicateValues, mustNotBeBetween: [1, 2.5]}
      - name: at
        logicalType: timestamp
        logicalTypeOptions: {minimum: "2020-01-01 00:00:00+10:00", timezone: true, defaultTimezone: Australia/Sydney}
      - name: lines
        logicalType: array
        logicalTypeOptions: {minItems: 0, maxItems: 3, uniqueItems: true}
        items:
          logicalType: object
          properties: [{name: sku, logicalType: string}]
      - name: untyped
        logicalTypeOptions: {minimum: 5, maximum: a}
    relationships:
      - {type: foreignKey, from: [orders.country, orders.id], to: [other.country, other.id]}
      - {from: orders.id, to: "https://example.com/c.yaml#/schema/other/properties/id"}
    quality:
      - {type: library, metric: rowCount, mustBeBetween: [1, 1000000]}
      - {type: library, metric: duplicateValues, mustBe: 0, arguments: {properties: [country, id]}}
      - {type: sql, query: "SELECT count(*) FROM {object}", mustBeGreaterThan: 0, severity: Critical}
      - {type: text, description: looks right, severity: high, unit: EUR}
      - {type: custom, engine: soda, implementation: {type: duplicate_percent}, schedule: 0 20 * * *, scheduler: cron}
      - type: custom
        engine: dbt
        implementation: |
          a: b
    customProperties:
      - {property: datamesh.rowFilter, value: country = current_setting('x')}
      - {property: datamesh.indexes, value: [[country, id], [at]]}
slaDefaultElement: orders.at
slaProperties:
  - {property: latency, value: 4, unit: m, element: orders.at}
  - {property: retention, value: 3, unit: m}
  - {property: Freshness, value: 4, unit: h}
  - {property: timeOfAvailability, value: 09:00-08:00, driver: regulatory}
  - {property: ga, value: "2022-05-12T09:30:10-08:00"}
  - {property: frequency, value: 1, valueExt: 1, unit: d}
  - {property: laatency, value: 1}
support: [{channel: '#help', tool: slack, scope: interactive, url: https://example.com}]
price: {priceAmount: 9.95, priceCurrency: USD, priceUnit: megabyte}
team:
  - {username: ceastwood, role: owner, dateIn: "2022-08-02", replacedByUsername: mhopper}
roles:
  - {role: analyst, access: read, firstLevelApprovers: Reporting Manager}
  - {role: loader, access: write}
  - {role: strange, access: execute}
authoritativeDefinitions: [{url: https://example.com, type: canonicalUrl}]
contractCreatedTs: "2022-11-15T02:59:43+00:00"
customProperties:
  - {property: datamesh.mode, value: snapshot}
  - {property: datamesh.retention, value: 5}
  - {property: datamesh.dependencies, value: [sales.customers, marketing.segments]}
somethingNew: {kept: true}
slaproperties: kept
$$) -> 'schema' -> 0 -> 'properties') AS properties;
-- the team of v3.1 is an object
SELECT datamesh.parse_contract($$
{"apiVersion": "v3.0.2", "kind": "DataContract", "id": "x", "version": "0.0.1", "status": "retired",
 "team": {"name": "a", "members": [{"username": "b"}]}, "schema": []}
$$) -> 'team' AS team;
-- a byte order mark and blank lines are no part of a document
SELECT datamesh.parse_contract(U&'\FEFF' || E'\n\n{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "version": "1.0.0", "status": "draft"}\n') ->> 'id' AS id;
