//! For tests of products: a shared dev server, queues and ids of one's own, a host in the test
