-- Names that contain quotes, SQL and newlines.
-- as: postgres
-- control: no, it is the names that attack
-- says: reads: .*\*\*\*
-- silent: syntax error
CREATE ROLE "sa""les; DROP ROLE x --" LOGIN;
CREATE ROLE "re'ader""; --" LOGIN;
CALL datamesh.create_domain('o''d"d', owner => 'sa"les; DROP ROLE x --');
CALL datamesh.create_consumer('re''"ader', role => 're''ader"; --');
SET ROLE "sa""les; DROP ROLE x --";
CREATE TABLE "o'd""d_internal"."t'a""b; --" ("i'd" integer PRIMARY KEY, "na""me'); DROP TABLE x; --" text, "re
gion" text, "datamesh.mask_choice(1,1)" text);
INSERT INTO "o'd""d_internal"."t'a""b; --" VALUES (1, 'Quillfeather', 'EU', 'Nightingale'), (2, 'Hortensia', 'XX', 'Horatio');
CALL datamesh.load_contract($j${"apiVersion": "v3.1.0", "kind": "DataContract", "id": "odd", "name": "t'a\"b; --", "domain": "o'd\"d", "version": "1.0.0", "status": "active",
 "roles": [{"role": "re'\"ader", "access": "read"}],
 "servers": [{"server": "s", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "o'd\"d_internal"}],
 "customProperties": [{"property": "datamesh.rowFilter", "value": {"re'\"ader": "\"re\ngion\" = 'EU'"}}],
 "schema": [{"name": "t'a\"b; --", "physicalName": "t'a\"b; --", "properties": [{"name": "i'd", "required": true},
   {"name": "na\"me'); DROP TABLE x; --", "customProperties": [{"property": "datamesh.mask", "value": {"function": "partial", "prefix": 1, "pad": "***", "suffix": 1}}]},
   {"name": "re\ngion", "required": true},
   {"name": "datamesh.mask_choice(1,1)", "customProperties": [{"property": "datamesh.mask", "value": "hash"}]}]}]}$j$);
CALL datamesh.publish($$"o'd""d"."t'a""b; --"$$);
RESET ROLE;
SET SESSION AUTHORIZATION "re'ader""; --";
SELECT 'reads: ' || t::text FROM "o'd""d"."t'a""b; --" AS t;
SELECT * FROM "o'd""d_internal"."t'a""b; --";
SELECT * FROM datamesh.my_access($$"o'd""d"."t'a""b; --"$$);
RESET SESSION AUTHORIZATION;
SET datamesh.break_glass = on;
DROP EXTENSION datamesh CASCADE;
DROP SCHEMA "o'd""d", "o'd""d_internal", "o'd""d_releases" CASCADE;
DROP OWNED BY "sa""les; DROP ROLE x --", "re'ader""; --", "o'd""d_port";
\connect mesh
DROP ROLE "sa""les; DROP ROLE x --", "re'ader""; --", "o'd""d_port";
