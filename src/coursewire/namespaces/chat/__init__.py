"""`/chat`: rooms, messages, receipts, typing, presence."""
