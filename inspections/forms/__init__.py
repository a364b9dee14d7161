"""What people type, turned into what services take; every refusal says where and what to do."""
