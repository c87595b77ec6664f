"""The bucket's truth: claims, versions, the production pointer and the ledger, and what can be said from them."""
