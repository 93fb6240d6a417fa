CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id), placed TEXT NOT NULL, status TEXT NOT NULL);
CREATE TABLE lines (order_id INTEGER NOT NULL REFERENCES orders(id), product TEXT NOT NULL, quantity INTEGER NOT NULL, cents INTEGER NOT NULL);
INSERT INTO customers VALUES (1,'Ada','UK'),(2,'Blaise','FR'),(3,'Chen','CN'),(4,'Dora','DE'),(5,'Emil','DE');
INSERT INTO orders VALUES (10,1,'2025-01-03','paid'),(11,2,'2025-01-09','cancelled'),(12,2,'2025-02-11','paid'),(13,3,'2025-02-14','paid'),(14,4,'2025-03-01','paid'),(15,4,'2025-03-20','cancelled'),(16,1,'2025-03-22','paid');
INSERT INTO lines VALUES (10,'ink',3,450),(10,'paper',10,120),(11,'pen',100,199),(12,'pen',20,199),(12,'ink',1,450),(13,'paper',55,120),(14,'ink',9,450),(14,'pen',5,199),(15,'paper',400,120),(16,'pen',12,199);
