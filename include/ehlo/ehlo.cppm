// All of the library as a C++20 module: import ehlo; what is in namespace detail is not exported. Opt-in headers but for
// scram.hpp, which needs nothing, are not in it.
module;

#include <ehlo/ehlo.hpp>
#include <ehlo/scram.hpp>

export module ehlo;

// tests/module/names.py keeps the list, and compares it with the headers.
// names: begin
export namespace ehlo {
using ehlo::abandoned, ehlo::answer, ehlo::answer_count, ehlo::answer_of, ehlo::answered, ehlo::attribute_tempunavail;
using ehlo::attribute_unavailable, ehlo::auth_answer, ehlo::auth_response, ehlo::awaits, ehlo::bare_octets;
using ehlo::base64_encoder, ehlo::base64_size, ehlo::basic_server, ehlo::basic_session, ehlo::begins_with_challenge;
using ehlo::blame, ehlo::blame_t, ehlo::body, ehlo::body_names, ehlo::by_mode, ehlo::capabilities, ehlo::capability;
using ehlo::challenge, ehlo::change, ehlo::charset, ehlo::check, ehlo::check_base64, ehlo::chunk_decoder;
using ehlo::chunk_reader, ehlo::class_of, ehlo::clear_text_mechanisms, ehlo::client, ehlo::client_attribute;
using ehlo::client_attribute_count, ehlo::client_attribute_names, ehlo::client_attributes, ehlo::client_reply;
using ehlo::client_settings, ehlo::client_timeout, ehlo::client_with, ehlo::command_line, ehlo::command_reader;
using ehlo::connected, ehlo::content, ehlo::content_block_timeout, ehlo::content_decoder, ehlo::content_encoder;
using ehlo::content_piece, ehlo::custom_parameter, ehlo::date_time, ehlo::date_time_rules, ehlo::days_of_month;
using ehlo::decode_auth_response, ehlo::decode_base64, ehlo::decoded_content, ehlo::deliver_by, ehlo::departure;
using ehlo::departure_names, ehlo::direction, ehlo::direction_names, ehlo::domain_list, ehlo::dot_line;
using ehlo::dot_line_names, ehlo::dot_lines, ehlo::early_octets, ehlo::effect, ehlo::ehlo_answer, ehlo::encode_base64;
using ehlo::encoded_content, ehlo::end_of_content, ehlo::errc, ehlo::errc_facts, ehlo::errc_table, ehlo::etrn_option;
using ehlo::event, ehlo::event_count, ehlo::event_facts, ehlo::event_of, ehlo::event_set, ehlo::event_table;
using ehlo::extension, ehlo::extension_count, ehlo::extension_facts, ehlo::extension_of, ehlo::extension_table;
using ehlo::extensions, ehlo::fact, ehlo::fact_count, ehlo::fact_names, ehlo::fact_set, ehlo::facts, ehlo::facts_of;
using ehlo::fail, ehlo::failure, ehlo::find_bad_utf8, ehlo::find_extension, ehlo::find_login_prompt, ehlo::find_mechanism;
using ehlo::find_parameter, ehlo::find_verb, ehlo::given, ehlo::has_attribute, ehlo::hexchar_case, ehlo::hold_limits;
using ehlo::host, ehlo::host_kind, ehlo::iequals, ehlo::in_transaction, ehlo::ip_address, ehlo::is_ascii;
using ehlo::is_continued_nonce, ehlo::is_digit, ehlo::is_dovecot, ehlo::is_leap_year, ehlo::is_mechanism;
using ehlo::is_positive, ehlo::is_reply_code, ehlo::is_string, ehlo::istarts_with, ehlo::leniency, ehlo::line_increment;
using ehlo::line_reader, ehlo::mail_options, ehlo::mail_parameters, ehlo::mailbox, ehlo::make_scram_proof;
using ehlo::make_scram_signature, ehlo::max_attribute, ehlo::max_auth_command, ehlo::max_auth_line, ehlo::max_mechanism;
using ehlo::max_proxy_v1, ehlo::max_proxy_v2, ehlo::max_reply_line, ehlo::meaning, ehlo::mechanism, ehlo::mechanism_count;
using ehlo::mechanism_names, ehlo::mechanisms, ehlo::message, ehlo::name, ehlo::never_to, ehlo::no_support_action;
using ehlo::notify, ehlo::observed, ehlo::observed_both, ehlo::observer, ehlo::observer_settings, ehlo::observer_with;
using ehlo::observing, ehlo::octet_table, ehlo::of_replies, ehlo::of_spelling, ehlo::operator|, ehlo::order_check;
using ehlo::order_is_right, ehlo::original_recipient, ehlo::outcome, ehlo::outcome_names, ehlo::own_event_count;
using ehlo::own_order, ehlo::own_parameters, ehlo::parameter, ehlo::parameter_access, ehlo::parameter_count;
using ehlo::parameter_facts, ehlo::parameter_id, ehlo::parameter_ids, ehlo::parameter_list, ehlo::parameter_range;
using ehlo::parameters_of, ehlo::parse_alt_address, ehlo::parse_anonymous, ehlo::parse_atrn, ehlo::parse_auth;
using ehlo::parse_auth_identity, ehlo::parse_auth_response, ehlo::parse_bare, ehlo::parse_bdat, ehlo::parse_body;
using ehlo::parse_burl, ehlo::parse_by, ehlo::parse_capabilities, ehlo::parse_challenge, ehlo::parse_client_facts;
using ehlo::parse_cram_md5, ehlo::parse_date_time, ehlo::parse_decimal, ehlo::parse_domain, ehlo::parse_ehlo_answer;
using ehlo::parse_envid, ehlo::parse_etrn, ehlo::parse_external, ehlo::parse_forward_path, ehlo::parse_hello;
using ehlo::parse_holdfor, ehlo::parse_holduntil, ehlo::parse_host, ehlo::parse_ip_address, ehlo::parse_login;
using ehlo::parse_lookup, ehlo::parse_mail, ehlo::parse_mail_parameters, ehlo::parse_mailbox, ehlo::parse_mechanisms;
using ehlo::parse_mt_priority, ehlo::parse_mtrk, ehlo::parse_notify, ehlo::parse_oauthbearer, ehlo::parse_orcpt;
using ehlo::parse_path, ehlo::parse_plain, ehlo::parse_proxy_header, ehlo::parse_rcpt, ehlo::parse_rcpt_parameters;
using ehlo::parse_remark, ehlo::parse_reply, ehlo::parse_ret, ehlo::parse_reverse_path, ehlo::parse_rrvs;
using ehlo::parse_scram_client_final, ehlo::parse_scram_client_first, ehlo::parse_scram_server_final;
using ehlo::parse_scram_server_first, ehlo::parse_solicit, ehlo::parse_status, ehlo::parse_submitter, ehlo::parse_transid;
using ehlo::parse_xoauth2, ehlo::parse_xtext, ehlo::path, ehlo::path_access, ehlo::path_kind, ehlo::path_role;
using ehlo::policy, ehlo::progress, ehlo::protocol_with, ehlo::prove, ehlo::proxy_family, ehlo::proxy_family_names;
using ehlo::proxy_header, ehlo::proxy_limits, ehlo::proxy_path_size, ehlo::proxy_ssl, ehlo::proxy_tlv;
using ehlo::proxy_tlv_type, ehlo::proxy_tlvs, ehlo::rcpt_options, ehlo::rcpt_parameters, ehlo::registered_parameters;
using ehlo::relay, ehlo::relay_extensions, ehlo::relay_mechanisms, ehlo::relay_policy, ehlo::relay_say, ehlo::relay_want;
using ehlo::relay_want_names, ehlo::relayed, ehlo::relayed_reply, ehlo::replies_due, ehlo::reply, ehlo::reply_class;
using ehlo::reply_for, ehlo::reply_limits, ehlo::reply_lines, ehlo::reply_meaning, ehlo::reply_meanings;
using ehlo::reply_reader, ehlo::reply_view, ehlo::result, ehlo::ret, ehlo::ret_names, ehlo::rule, ehlo::rule_count;
using ehlo::rule_names, ehlo::rule_of_order, ehlo::rule_of_order_count, ehlo::same_domain, ehlo::same_local_part;
using ehlo::same_mailbox, ehlo::same_secret, ehlo::saslname, ehlo::scram_hash, ehlo::scram_transcript, ehlo::server;
using ehlo::server_extensions, ehlo::server_limits, ehlo::server_timeout, ehlo::server_with, ehlo::service, ehlo::session;
using ehlo::set_of, ehlo::sight, ehlo::situation, ehlo::smtp_protocol, ehlo::solicitations, ehlo::source_route;
using ehlo::split_capability, ehlo::split_command, ehlo::state, ehlo::state_count, ehlo::state_names, ehlo::state_set;
using ehlo::status, ehlo::status_meaning, ehlo::status_meanings, ehlo::stay_in, ehlo::step, ehlo::strict;
using ehlo::strict_syntax, ehlo::syntax, ehlo::table_check, ehlo::table_fault, ehlo::table_finding, ehlo::table_is_right;
using ehlo::take_path, ehlo::tap, ehlo::tls_use, ehlo::to_date_time, ehlo::to_options, ehlo::to_upper, ehlo::tracking;
using ehlo::transaction, ehlo::transaction_id, ehlo::transition, ehlo::transition_table, ehlo::unix_seconds;
using ehlo::unquoted, ehlo::utf8_length, ehlo::valid_since, ehlo::verb, ehlo::verb_count, ehlo::verb_facts;
using ehlo::verb_names, ehlo::verb_table, ehlo::verdict, ehlo::verdict_names, ehlo::verdict_of, ehlo::verify_cram_md5;
using ehlo::verify_scram_proof, ehlo::verify_scram_server, ehlo::version, ehlo::version_major, ehlo::version_minor;
using ehlo::version_patch, ehlo::visit_command, ehlo::walk, ehlo::want, ehlo::want_count, ehlo::want_names;
using ehlo::write_alt_address, ehlo::write_argument, ehlo::write_atrn, ehlo::write_auth, ehlo::write_auth_cancel;
using ehlo::write_auth_identity, ehlo::write_auth_response, ehlo::write_bare, ehlo::write_bdat, ehlo::write_body;
using ehlo::write_burl, ehlo::write_by, ehlo::write_capabilities, ehlo::write_challenge, ehlo::write_client_facts;
using ehlo::write_cram_md5_digest, ehlo::write_date_time, ehlo::write_decoded, ehlo::write_ehlo_answer, ehlo::write_envid;
using ehlo::write_etrn, ehlo::write_hello, ehlo::write_holdfor, ehlo::write_holduntil, ehlo::write_ip_address;
using ehlo::write_local_part, ehlo::write_mail, ehlo::write_mechanisms, ehlo::write_message, ehlo::write_mt_priority;
using ehlo::write_mtrk, ehlo::write_notify, ehlo::write_orcpt, ehlo::write_parameter, ehlo::write_parameters;
using ehlo::write_path, ehlo::write_proxy_header, ehlo::write_proxy_ssl, ehlo::write_proxy_tlv, ehlo::write_rcpt;
using ehlo::write_relayed_forward_path, ehlo::write_relayed_reverse_path, ehlo::write_reply, ehlo::write_ret;
using ehlo::write_rrvs, ehlo::write_scram_channel, ehlo::write_solicit, ehlo::write_status, ehlo::write_submitter;
using ehlo::write_transid, ehlo::write_unescaped, ehlo::write_unquoted, ehlo::write_xtext, ehlo::writer, ehlo::xtext;
}

export namespace ehlo::chars {
using ehlo::chars::alpha, ehlo::chars::atext, ehlo::chars::base64_char, ehlo::chars::bearer_char, ehlo::chars::cb_name;
using ehlo::chars::dcontent, ehlo::chars::digit, ehlo::chars::esmtp_keyword, ehlo::chars::esmtp_value;
using ehlo::chars::hexdig, ehlo::chars::ldh, ehlo::chars::let_dig, ehlo::chars::mech_char, ehlo::chars::non_ascii;
using ehlo::chars::not_escape, ehlo::chars::not_escaped, ehlo::chars::oauth_value, ehlo::chars::qtext;
using ehlo::chars::quoted_pair, ehlo::chars::scram_printable, ehlo::chars::scram_safe_char, ehlo::chars::scram_value_char;
using ehlo::chars::text_char, ehlo::chars::textstring, ehlo::chars::unsafe, ehlo::chars::vchar, ehlo::chars::wsp;
using ehlo::chars::xchar, ehlo::chars::xoauth2_char;
}

export namespace ehlo::cmd {
using ehlo::cmd::atrn, ehlo::cmd::auth, ehlo::cmd::bare, ehlo::cmd::bdat, ehlo::cmd::burl, ehlo::cmd::client_facts;
using ehlo::cmd::data, ehlo::cmd::etrn, ehlo::cmd::hello, ehlo::cmd::lookup, ehlo::cmd::mail, ehlo::cmd::onex;
using ehlo::cmd::quit, ehlo::cmd::rcpt, ehlo::cmd::remark, ehlo::cmd::rset, ehlo::cmd::starttls, ehlo::cmd::turn;
}

export namespace ehlo::flow {
using ehlo::flow::answered, ehlo::flow::awaiting, ehlo::flow::connected, ehlo::flow::pipeline, ehlo::flow::place;
using ehlo::flow::resumed, ehlo::flow::session;
}

export namespace ehlo::replies {
using ehlo::replies::authenticated, ehlo::replies::authentication_fails_now, ehlo::replies::authentication_required;
using ehlo::replies::bad_credentials, ehlo::replies::bye, ehlo::replies::cannot_verify, ehlo::replies::chunk_received;
using ehlo::replies::each_recipient, ehlo::replies::encryption_required, ehlo::replies::help;
using ehlo::replies::mechanism_too_weak, ehlo::replies::message_accepted, ehlo::replies::no_mail_here;
using ehlo::replies::no_such_user, ehlo::replies::ok, ehlo::replies::password_transition_needed;
using ehlo::replies::recipient_ok, ehlo::replies::sender_ok, ehlo::replies::shutting_down, ehlo::replies::start_content;
using ehlo::replies::try_later;
}

export namespace ehlo::sasl {
using ehlo::sasl::anonymous, ehlo::sasl::binding, ehlo::sasl::cram_md5, ehlo::sasl::external, ehlo::sasl::gs2_header;
using ehlo::sasl::login, ehlo::sasl::login_password, ehlo::sasl::login_prompt, ehlo::sasl::login_user_name;
using ehlo::sasl::oauth_error_seen, ehlo::sasl::oauthbearer, ehlo::sasl::plain, ehlo::sasl::scram_client_final;
using ehlo::sasl::scram_client_first, ehlo::sasl::scram_server_final, ehlo::sasl::scram_server_first, ehlo::sasl::xoauth2;
}

export namespace ehlo::seen {
using ehlo::seen::command, ehlo::seen::content, ehlo::seen::departed, ehlo::seen::end_of_content, ehlo::seen::in_step;
using ehlo::seen::of, ehlo::seen::place, ehlo::seen::reply, ehlo::seen::response, ehlo::seen::tls;
using ehlo::seen::transaction, ehlo::seen::unanswered;
}
// names: end
