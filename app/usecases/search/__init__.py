"""Search: CIs by the beginnings of any word they answer to, ranked by what hangs on them."""
