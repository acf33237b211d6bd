-- The list of words that are not in the index of the search yet may have PostgreSQL's own size (4 MB): the longer it is,
-- the more messages share each way down the index's trees. The indexer merges it as soon as it has caught up.
ALTER INDEX message_search_words RESET (gin_pending_list_limit);
