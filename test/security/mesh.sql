-- The mesh that the attacks are carried out against: who is there, what they may see, what is secret.
--
-- Secrets are words and numbers that occur nowhere else; secrets.txt lists them, and security.pl looks for
-- them in everything that an attacker gets back.

CREATE ROLE sales_team LOGIN;
CREATE ROLE marketing_team LOGIN;
CREATE ROLE finance_team LOGIN;
CREATE ROLE executives LOGIN;
CREATE ROLE dana LOGIN;
CREATE ROLE mallory LOGIN;
CREATE ROLE mark LOGIN IN ROLE marketing_team;
CREATE ROLE twofold LOGIN IN ROLE marketing_team, sales_team;
CREATE ROLE carol LOGIN NOINHERIT IN ROLE marketing_team, finance_team;
CREATE ROLE creator LOGIN CREATEROLE;

CREATE EXTENSION datamesh CASCADE;
CALL datamesh.create_domain('sales', owner => 'sales_team');
CALL datamesh.create_domain('marketing', owner => 'marketing_team');
CALL datamesh.create_domain('finance', owner => 'finance_team');
CALL datamesh.create_consumer('executive', role => 'executives');

-- what anybody may do who works here: temporary tables, and a schema to put things in
GRANT TEMPORARY ON DATABASE mesh TO PUBLIC;
CREATE SCHEMA playground;
GRANT ALL ON SCHEMA playground TO PUBLIC;

SET ROLE sales_team;
CREATE TABLE sales_internal.people (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text,
    card text,
    phone varchar(20),
    salary numeric(12,2),
    born date,
    pin text,
    nick text,
    bonus integer,
    city text,
    region text NOT NULL);
INSERT INTO sales_internal.people
SELECT i, 'Person ' || i, 'person' || i || '@mail.example', '4000' || lpad(i::text, 12, '0'), '+49 30 ' || 100000 + i,
       1000 + i, date '1950-01-01' + i * 7, 'P' || i, 'nick' || i, i, 'City ' || i % 7, 'EU'
FROM generate_series(100, 1099) AS i;
INSERT INTO sales_internal.people VALUES
(1, 'Zephyrine Quillfeather', 'zephyrine.quill@secret.example', '4929555555550107', '+44 20 79460123', 987654.32, '1977-03-19', 'Q7', 'quillsy', 73313, 'Berlin', 'EU'),
(2, 'Ambrosius Nightingale', 'ambrosius.night@secret.example', '4929555555550115', '+44 20 79460177', 876543.21, '1966-11-27', 'N9', 'nightsy', 91919, 'Paris', 'EU'),
-- rows that marketing does not see at all
(3, 'Hidden Hortensia', 'hortensia@secret.example', '4929555555550123', '+1 202 5550133', 765432.10, '1955-07-05', 'H3', 'hortsy', 62626, 'Atlantis', 'XX'),
(4, 'Hidden Horatio', 'horatio@secret.example', '4929555555550131', '+1 202 5550144', 654321.09, '1944-01-02', 'H4', 'horsy', 53535, 'Lemuria', 'XX');
ANALYZE sales_internal.people;

SELECT $yaml$
apiVersion: v3.1.0
kind: DataContract
id: sales-@name
name: @name
domain: sales
version: 1.0.0
status: active
team:
  name: sales team
  members: [{username: dana, role: data steward}]
roles:
- {role: marketing, access: read}
- {role: finance, access: read}
- role: executive
  access: read
  customProperties: [{property: datamesh.columns, value: [id, name, city, region]}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
customProperties:
- {property: datamesh.mode, value: @mode}
- property: datamesh.rowFilter
  value: {marketing: "region = 'EU'", finance: "true", executive: "region = 'EU'"}
schema:
- name: @name
  physicalName: people
  properties:
  - {name: id, logicalType: integer, required: true, primaryKey: true}
  - {name: name, logicalType: string, required: true, classification: restricted, customProperties: [{property: datamesh.mask, value: {function: partial, prefix: 1, suffix: 1, consumers: {finance: none}}}]}
  - {name: email, logicalType: string, classification: pii, customProperties: [{property: datamesh.mask, value: email}]}
  - {name: card, logicalType: string, classification: pii, customProperties: [{property: datamesh.mask, value: hash}]}
  - {name: phone, logicalType: string, classification: pii, customProperties: [{property: datamesh.mask, value: "first(12)"}]}
  - {name: salary, logicalType: number, classification: restricted, customProperties: [{property: datamesh.mask, value: {function: "null", consumers: {finance: none}}}]}
  - {name: born, logicalType: date, classification: pii, customProperties: [{property: datamesh.mask, value: date_trunc(year)}]}
  - {name: pin, logicalType: string, classification: restricted, customProperties: [{property: datamesh.mask, value: "partial(1, ***, 1)"}]}
  - {name: nick, logicalType: string, classification: pii, customProperties: [{property: datamesh.mask, value: pseudonym}]}
  - {name: bonus, logicalType: integer, classification: restricted, customProperties: [{property: datamesh.mask, value: noise(0.5)}]}
  - {name: city, logicalType: string}
  - {name: region, logicalType: string, required: true}
$yaml$ AS contract \gset
SELECT format('CALL datamesh.load_contract(%L)', replace(replace(:'contract', '@name', name), '@mode', mode))
FROM (VALUES ('people', 'snapshot'), ('people_live', 'live')) AS v(name, mode) \gexec
CALL datamesh.publish('sales.people');
CALL datamesh.publish('sales.people_live');

-- a live product over a view that leaves rows and a column out
CREATE VIEW sales_internal.open_people AS SELECT id, city, region FROM sales_internal.people WHERE region = 'EU';
CALL datamesh.load_contract($yaml$
apiVersion: v3.1.0
kind: DataContract
id: sales-open-people
name: open_people
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
customProperties: [{property: datamesh.mode, value: live}]
schema:
- name: open_people
  physicalName: open_people
  properties: [{name: id, required: true}, {name: city}, {name: region, required: true}]
$yaml$);
CALL datamesh.publish('sales.open_people');

-- a product whose rows come with the day
CREATE TABLE sales_internal.embargoed AS
SELECT i AS id, current_date + i AS since, now() + i * interval '1 day' AS at, CASE WHEN i > 1 THEN 'Quillfeather ' ELSE 'Person ' END || i AS name
FROM generate_series(-20, 20) AS i;
CALL datamesh.load_contract($yaml$
apiVersion: v3.1.0
kind: DataContract
id: sales-embargoed
name: embargoed
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
customProperties: [{property: datamesh.rowFilter, value: {marketing: "since <= current_date OR at < localtimestamp(0) AT TIME ZONE 'UTC'"}}]
schema:
- name: embargoed
  physicalName: embargoed
  properties: [{name: id, required: true}, {name: since, required: true}, {name: at, required: true}, {name: name, required: true}]
$yaml$);
CALL datamesh.publish('sales.embargoed');

-- a product without anything to hide
CREATE TABLE sales_internal.plain AS SELECT i AS id, 'thing ' || i AS label, i % 2 = 0 AS even FROM generate_series(1, 50) AS i;
CALL datamesh.load_contract($yaml$
apiVersion: v3.1.0
kind: DataContract
id: sales-plain
name: plain
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}, {role: executive, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
schema:
- name: plain
  physicalName: plain
  properties: [{name: id, required: true, unique: true}, {name: label, required: true}, {name: even, required: true}]
$yaml$);
CALL datamesh.publish('sales.plain');
RESET ROLE;
