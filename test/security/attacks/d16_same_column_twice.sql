-- One contract that masks a column, and shows it under another name.
-- as: sales_team
-- control: no, it is refused
-- says: MD203.*data product "sales\.pay" asks for protection that cannot be given
-- says: column "extra" shows "salary" of the source to everybody, which "salary" masks
CREATE TABLE sales_internal.pay AS SELECT id, salary FROM sales_internal.people;
CALL datamesh.load_contract($y$---
{apiVersion: v3.1.0, kind: DataContract, id: pay, name: pay, domain: sales, version: 1.0.0, status: active,
 roles: [{role: marketing, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}],
 schema: [{name: pay, physicalName: pay, properties: [{name: id}, {name: salary, classification: restricted, customProperties: [{property: datamesh.mask, value: "null"}]}, {name: extra, physicalName: salary}]}]}$y$);
CALL datamesh.publish('sales.pay');
\connect - marketing_team
SELECT * FROM sales.pay WHERE id < 10;
