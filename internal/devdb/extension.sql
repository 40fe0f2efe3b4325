CREATE FUNCTION pg_catalog.ibutsu_schema_create_extension(
	name text, if_not_exists boolean, named text, version text, with_required boolean, owner text, here text
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
	allowed text[] := $allowed;
	control record;
	required text;
	target text;
	own_schema text := 'ibutsu_schema_' || md5(random()::text || clock_timestamp()::text || pg_backend_pid()::text);
	risk text;
BEGIN
	IF NOT pg_has_role(session_user, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'MEMBER') THEN
		RAISE EXCEPTION 'permission denied for database %', current_database() USING ERRCODE = 'insufficient_privilege';
	END IF;
	SELECT v.* INTO control FROM pg_available_extension_versions v JOIN pg_available_extensions a ON a.name = v.name
	WHERE v.name = ibutsu_schema_create_extension.name AND v.version = coalesce(ibutsu_schema_create_extension.version, a.default_version);
	IF NOT FOUND AND version IS NULL THEN
		RAISE EXCEPTION 'extension "%" is not available', name USING ERRCODE = 'undefined_file';
	ELSIF NOT FOUND THEN
		RAISE EXCEPTION 'extension "%" has no version "%"', name, version USING ERRCODE = 'undefined_file';
	ELSIF name <> ALL (allowed) AND NOT coalesce((to_jsonb(control) ->> 'trusted')::boolean, false) THEN
		RAISE EXCEPTION 'permission denied to create extension "%"', name USING ERRCODE = 'insufficient_privilege';
	ELSIF EXISTS (SELECT FROM pg_extension WHERE extname = name) THEN
		IF NOT if_not_exists THEN
			RAISE EXCEPTION 'extension "%" already exists', name USING ERRCODE = 'duplicate_object';
		END IF;
		RAISE NOTICE 'extension "%" already exists, skipping', name USING ERRCODE = 'duplicate_object';
		RETURN;
	END IF;

	target := coalesce(control.schema, named, here);
	IF target IS NULL THEN
		RAISE EXCEPTION 'no schema has been selected to create in' USING ERRCODE = 'invalid_schema_name';
	ELSIF NOT pg_has_role(session_user, owner, 'MEMBER') THEN
		RAISE EXCEPTION 'permission denied for role %', owner USING ERRCODE = 'insufficient_privilege';
	ELSIF control.schema IS NULL AND NOT has_schema_privilege(owner, target, 'CREATE') THEN
		RAISE EXCEPTION 'permission denied for schema %', target USING ERRCODE = 'insufficient_privilege';
	END IF;
	FOREACH required IN ARRAY coalesce(control.requires::text[], '{}') LOOP
		IF with_required AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = required) THEN
			PERFORM ibutsu_schema_create_extension(required, true, named, NULL, true, owner, here);
		END IF;
	END LOOP;

	-- The extension's script runs as a superuser, and may find a migration's function or operator before its own.
	-- A relocatable one runs in an empty schema.
	SELECT object INTO risk FROM (
		SELECT p.pronamespace AS schema, p.proowner AS by, 'function ' || p.oid::regprocedure AS object FROM pg_proc p
		UNION ALL
		SELECT o.oprnamespace, o.oprowner, 'operator ' || o.oid::regoperator FROM pg_operator o
	) AS objects JOIN pg_namespace n ON n.oid = schema JOIN pg_authid r ON r.oid = by AND NOT r.rolsuper
	WHERE n.nspname = target AND NOT control.relocatable
		OR schema IN (SELECT extnamespace FROM pg_extension WHERE extname = ANY (control.requires))
	ORDER BY object LIMIT 1;
	IF risk IS NOT NULL THEN
		RAISE EXCEPTION 'the script of extension "%" runs as a superuser, and could call %', name, risk USING ERRCODE = 'object_in_use';
	END IF;

	IF control.relocatable THEN
		EXECUTE format('CREATE SCHEMA %I', own_schema);
	END IF;
	EXECUTE format('CREATE EXTENSION %I', name)
		|| CASE WHEN control.relocatable THEN format(' SCHEMA %I', own_schema)
			WHEN control.schema IS NULL OR named IS NOT NULL THEN format(' SCHEMA %I', coalesce(named, here)) ELSE '' END
		|| coalesce(' VERSION ' || quote_literal(version), '')
		|| CASE WHEN with_required THEN ' CASCADE' ELSE '' END; -- with it, the control file's schema wins over SCHEMA
	IF control.relocatable THEN
		EXECUTE format('ALTER EXTENSION %I SET SCHEMA %I', name, target);
		EXECUTE format('DROP SCHEMA %I', own_schema);
	END IF;

	-- As with a trusted extension, its objects belong to the superuser and the extension itself to who created it.
	UPDATE pg_extension SET extowner = (SELECT oid FROM pg_authid WHERE rolname = owner) WHERE extname = name;
	DELETE FROM pg_shdepend d USING pg_extension e
	WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND d.classid = 'pg_extension'::regclass AND d.objid = e.oid AND d.deptype = 'o' AND e.extname = name;
	INSERT INTO pg_shdepend (dbid, classid, objid, objsubid, refclassid, refobjid, deptype)
	SELECT (SELECT oid FROM pg_database WHERE datname = current_database()), 'pg_extension'::regclass, oid, 0, 'pg_authid'::regclass, extowner, 'o'
	FROM pg_extension WHERE extname = name;
END $function$
