"""Documents from files into a collection, whatever their number."""
